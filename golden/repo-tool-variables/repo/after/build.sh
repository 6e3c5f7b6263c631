#!/bin/bash
DOCKER=docker
export TOOL="docker"
CHOSEN=${CHOSEN:-docker}
CLI=docker
[ -x /usr/bin/podman ] && CLI=podman
if true; then ENGINE=docker; fi
earth +docker
earth +docker
sudo earth +docker
$CHOSEN build -t app .
$CLI build -t app .
$ENGINE build -t app .

#!/bin/bash
DOCKER=docker
export TOOL="docker"
CHOSEN=${CHOSEN:-docker}
CLI=docker
[ -x /usr/bin/podman ] && CLI=podman
if true; then ENGINE=docker; fi
$DOCKER build -t app .
"${TOOL}" build -t app .
sudo $DOCKER build -t app .
$CHOSEN build -t app .
$CLI build -t app .
$ENGINE build -t app .

#!/bin/bash
DOCKER=${DOCKER:-docker}
$DOCKER build -t app:1 .
eval "docker build -t app:1 ."
bash -c 'docker build -t app:1 .'
sh -c "docker build -t app:$TAG ."
cmd=(docker build -t app:1 .)
"${cmd[@]}"
b="docker build"
$b -t app:1 .
retry 3 docker build -t app:1 .
run_it docker build -t app:1 .
sudo -E docker build -t app:1 .
time docker build -t app:1 .
DOCKER_BUILDKIT=1 docker build -t app:1 .
env DOCKER_BUILDKIT=1 docker build -t app:1 .
FOO=bar DOCKER_BUILDKIT=0 docker build -t app:1 .
podman build -t app:1 .
docker -H tcp://host:2375 build -t app:1 .
docker --context remote build -t app:1 .
/usr/bin/docker build -t app:1 .
xargs -n1 docker build -t app:1 .

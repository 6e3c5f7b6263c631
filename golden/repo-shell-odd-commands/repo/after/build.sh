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
retry 3 earth +docker
run_it docker build -t app:1 .
sudo -E earth +docker
time earth +docker
earth +docker
env DOCKER_BUILDKIT=1 earth +docker
FOO=bar earth +docker
podman build -t app:1 .
docker -H tcp://host:2375 build -t app:1 .
docker --context remote build -t app:1 .
earth +docker
xargs -n1 docker build -t app:1 .

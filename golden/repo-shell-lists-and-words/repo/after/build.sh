#!/bin/bash
cd web || exit 1
earth +docker
cd ..
earth +docker --image="${REG}/app:${TAG:-latest}" --MODE="${MODE:?needed}"
earth +docker --image=app:$(cat VERSION | tr -d '\n') # -t comment
earth +docker > >(tee log) 2>&1
earth +docker <<< ignored
docker build "$@" -t app .
docker build -t app . "$@"
earth +docker || earth --no-cache +docker
until earth +docker; do sleep 1; done
trap 'docker build -t app .' EXIT
earth +docker \
  --VERSION=1 \
  --MODE='a
b'
earth +docker \
    --image=app:2
earth +docker-tags --images="app other:1"
earth +docker
earth +docker --image=app:"$(git rev-parse HEAD)"-x
if [ -n "$CI" ]; then earth +docker --image=ci ; else earth +docker --image=local; fi
[ -d web ] && cd web
docker build -t where .

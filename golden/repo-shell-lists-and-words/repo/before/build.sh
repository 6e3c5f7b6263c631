#!/bin/bash
cd web || exit 1
docker build -t web .
cd ..
docker build -t "${REG}/app:${TAG:-latest}" --build-arg MODE="${MODE:?needed}" .
docker build -t app:$(cat VERSION | tr -d '\n') . # -t comment
docker build -t app . > >(tee log) 2>&1
docker build -t app . <<< ignored
docker build "$@" -t app .
docker build -t app . "$@"
docker build -t app . || docker build --no-cache -t app .
until docker build -t app .; do sleep 1; done
trap 'docker build -t app .' EXIT
docker build -t app \
  --build-arg VERSION=1 \
  . \
  --build-arg MODE='a
b'
DOCKER_BUILDKIT=1 \
  docker build \
    --file Dockerfile \
    --tag app:2 .
docker build -t app -t other:1 --target '' .
docker build -t "app" --label "a=$(date)" .
docker build -t app:"$(git rev-parse HEAD)"-x .
if [ -n "$CI" ]; then docker build -t ci . ; else docker build -t local .; fi
[ -d web ] && cd web
docker build -t where .

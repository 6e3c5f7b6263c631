#!/bin/sh
DOCKER_DEFAULT_PLATFORM=linux/amd64 docker build -t app .
DOCKER_DEFAULT_PLATFORM=linux/amd64 DOCKER_BUILDKIT=1 docker build --platform linux/arm64 -t app .
docker build -t app .
sudo docker build -t app .
docker --config ./docker build -t app .

#!/bin/sh
export DOCKER_DEFAULT_PLATFORM=linux/amd64
docker build -t app .

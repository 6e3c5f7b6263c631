#!/bin/sh
earth --platform=linux/amd64 +docker
earth --platform=linux/arm64 +docker
earth +docker
sudo earth +docker
docker --config ./docker build -t app .

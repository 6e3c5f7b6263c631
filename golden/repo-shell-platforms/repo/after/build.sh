#!/bin/bash
earth --ci --push +docker-platforms
earth --ci --push +docker-platforms --images="reg/app:$V reg/app:latest"
docker buildx build --platform "$PLATFORMS" -t reg/app:1 --push .
docker buildx build --platform linux/amd64,linux/arm64 .
earth --platform=linux/arm64 +docker --image=reg/app:arm
earth --platform="linux/$ARCH" +docker --image=reg/app:x
docker buildx build --platform linux/amd64,linux/riscv64 -t reg/app:1 --push .

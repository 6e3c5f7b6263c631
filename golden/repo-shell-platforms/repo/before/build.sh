#!/bin/bash
docker buildx build --platform linux/amd64,linux/arm64 -t reg/app:1 --push .
docker buildx build --platform linux/arm64 --platform linux/amd64 -t "reg/app:$V" -t reg/app:latest --push .
docker buildx build --platform "$PLATFORMS" -t reg/app:1 --push .
docker buildx build --platform linux/amd64,linux/arm64 .
docker buildx build --platform linux/arm64 -t reg/app:arm --load .
docker buildx build --platform "linux/$ARCH" -t reg/app:x --load .
docker buildx build --platform linux/amd64,linux/riscv64 -t reg/app:1 --push .

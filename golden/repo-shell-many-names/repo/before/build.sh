#!/bin/bash
docker build -t app:1 -t app:latest .
docker build -t app:1 -t "app:$SHA" -t 'app:latest' --push .
docker buildx build --push -t "$IMAGE" -t "$IMAGE:$(git rev-parse HEAD)" .
docker build -t app -t app:latest .

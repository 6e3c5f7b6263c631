#!/bin/sh
docker build --target build .
docker build --target build -t app-build:1 .
docker build --target Runtime -t app:1 .
docker build --target "$STAGE" -t app:2 .
docker build --target nothing -t app:3 .
docker build --target 0 -t app:4 .
docker build -t app:1 .
docker push app:1
docker push app-build:1

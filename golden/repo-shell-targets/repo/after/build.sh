#!/bin/sh
earth --ci +build
earth +build-image
earth +runtime
docker build --target "$STAGE" -t app:2 .
docker build --target nothing -t app:3 .
docker build --target 0 -t app:4 .
earth +runtime
docker push app:1
docker push app-build:1

#!/bin/sh
docker buildx build --output type=cacheonly .
sudo docker build -t app .

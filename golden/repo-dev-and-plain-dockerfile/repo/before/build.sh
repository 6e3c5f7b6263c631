#!/bin/sh
docker build -t app .
docker build -f Dockerfile.dev -t app:dev .
docker build -f ./prod.Dockerfile -t app:prod --build-arg VERSION=7 .

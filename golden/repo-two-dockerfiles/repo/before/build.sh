#!/bin/sh
docker build -t me/app .
docker build -t me/app-dev -f Dockerfile.dev .
docker build --target build -t me/builder .

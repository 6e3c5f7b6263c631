#!/bin/sh
# build
docker build -t app:1 .
docker run app:1

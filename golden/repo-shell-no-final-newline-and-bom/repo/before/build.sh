#!/bin/sh
docker build \
    -t app:1 \
    .
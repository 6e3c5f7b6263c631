#!/bin/sh
# build
earth +docker
docker run app:1

#!/bin/sh
earth ./web+docker
sed s/@BASE@/alpine/ Dockerfile.in > Dockerfile.out
docker build -f Dockerfile.out -t x .

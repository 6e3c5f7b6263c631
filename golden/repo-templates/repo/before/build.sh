#!/bin/sh
docker build -t web web
sed s/@BASE@/alpine/ Dockerfile.in > Dockerfile.out
docker build -f Dockerfile.out -t x .

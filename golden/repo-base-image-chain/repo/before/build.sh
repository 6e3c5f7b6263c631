#!/bin/sh
docker build -t base:local base
docker build -t app --build-arg BASE=base:local app
docker build -t fixed fixed

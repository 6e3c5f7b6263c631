#!/bin/sh
docker build -f Dockerfile -t a a
docker build -f Dockerfile -t b ./b/

#!/bin/sh
docker build -f docker/app.Dockerfile -t app:1 .

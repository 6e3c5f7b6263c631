#!/bin/sh
cd "$(dirname "$0")"
docker build -f app.Dockerfile -t app:1 ..

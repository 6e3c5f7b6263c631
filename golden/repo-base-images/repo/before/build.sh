#!/bin/sh
set -e
docker build -t r1base:local --build-arg LEVEL=3 --build-arg "REV=$REV" base
docker build -t r1mid --build-arg BASE=r1base:local --build-arg "REV=$REV" mid
docker build -t r1app:dev -f app/Dockerfile --build-arg FROM_IMAGE=r1mid app
docker build -t r1tools --target tools base
docker build -t r1uses-tools uses-tools
docker build -t r1one -f same/Dockerfile same
docker build -t r1two -f same/Dockerfile.two same

#!/bin/sh
# Lines end without a blank, and go on where the command begins.
if [ "$KIND" = all ]; then
    DOCKER_BUILDKIT=1 docker build --build-arg BASE="$BASE" --build-arg 'KIND=a b'\
    --build-arg WHERE="$WHERE"\
    -t "$TAG" .
fi
docker build --build-arg 'KIND=all' --build-arg 'WHERE=my place' -t "$TAG" .

#!/bin/sh
# Lines end without a blank, and go on where the command begins.
if [ "$KIND" = all ]; then
    earth +docker \
        --image="$TAG" \
        --BASE="$BASE" \
        --KIND='a b' \
        --WHERE="$WHERE"
fi
earth +docker --image="$TAG" --KIND=all --WHERE='my place'

#!/bin/sh
set -e
# earth +nothing
echo "earth +nothing either"
earth --push +docker --VERSION=3 --TAG=4
earth +builder
cd web
earth +docker --image=web:1
earth ../+build

#!/bin/bash
A="$(dirname "$0")"
A="$A/elsewhere"
docker build -t web "$A/web"
if [ -n "$X" ]; then B=$(dirname "$0"); fi
docker build -t web "$B/web"
read -r C
C=$(dirname "$0") docker build -t web "$C/web"
docker build -t web "$(pwd)/web"
docker build -t web "${PWD}/web/"

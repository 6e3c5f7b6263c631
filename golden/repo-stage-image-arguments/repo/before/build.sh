#!/bin/sh
set -e
case $1 in
  ci) docker build -t "$TAG" --target ci-image . ;;
  other) docker build -t "$TAG" --target ci_image . ;;
  *) docker build -t "$TAG" . ;;
esac

#!/bin/sh
set -e
case $1 in
  ci) earth +ci-image-image --image_ci_image="$TAG" ;;
  other) earth +ci-image-2-image --image_ci_image_2="$TAG" ;;
  *) earth +docker --image="$TAG" ;;
esac

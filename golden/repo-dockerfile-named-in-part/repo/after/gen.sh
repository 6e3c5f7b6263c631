#!/bin/sh
gen() {
  docker build -f "src/$1/gen/Dockerfile" -t "$1-gen" .
}
gen api
gen web
docker build -f "$2" .

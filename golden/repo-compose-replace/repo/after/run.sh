#!/bin/sh
set -e
earth +all
docker compose up -d
earth ./web+docker
earth ./web+docker && earth ./api+docker --A=1 --B='two # words' && earth ./jobs+docker && earth ./api+build-image && earth ./web+docker --image=me/first --A=1 && earth ./web+docker --image=me/seed
docker compose run --rm api sh

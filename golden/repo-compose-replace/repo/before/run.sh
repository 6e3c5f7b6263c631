#!/bin/sh
set -e
docker compose build
docker compose up -d
docker compose build web
docker compose --profile seed build
docker compose run --rm api sh

#!/bin/sh
docker compose build
docker-compose -f compose.yaml build --pull app
docker compose up -d --build
docker compose up -d
docker compose run --rm app build
docker compose run --build app
docker buildx bake --push
buildah bud -t app .
/kaniko/executor --context .

#!/bin/bash
docker compose build
docker-compose build --no-cache --pull
docker compose build -q --parallel >/dev/null 2>&1
docker compose build --push api
docker compose up --build
docker compose up -d --build api # later
docker compose up --build --scale app=2 app
docker compose run --build --rm api sh -c 'docker compose build'
docker compose create --build
docker compose up --no-build
docker compose up --build=false
sudo docker compose build
sudo docker compose up --build -d
time docker compose up --build
if docker compose build; then echo ok; fi
if ! docker compose up --build -d; then exit 1; fi
docker compose build || exit 1
false || docker compose up --build
docker compose up --build | tee log
docker compose up --build > log 2>&1
docker compose up --build &
docker compose build api app > log
docker compose \
  up \
  --build \
  -d
echo docker compose build
docker compose build $SERVICE
docker compose $FILES build
$COMPOSE build
docker compose build --ssh default
docker compose build nothing
FOO=1 docker compose build
FOO=1 docker compose up --build
(cd app && docker compose build)
cd "$DIR" && docker compose build

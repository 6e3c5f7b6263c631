#!/bin/bash
earth +all
earth --no-cache --pull +all
earth +all >/dev/null 2>&1
earth --push ./api+docker
earth +all && docker compose up
earth ./api+docker && docker compose up -d api # later
earth +all && docker compose up --scale app=2 app
earth ./api+docker && docker compose run --rm api sh -c 'docker compose build'
earth +all && docker compose create
docker compose up --no-build
docker compose up --build=false
sudo earth +all
sudo earth +all && sudo docker compose up -d
earth +all && time docker compose up
if earth +all; then echo ok; fi
if ! { earth +all && docker compose up -d; }; then exit 1; fi
earth +all || exit 1
false || { earth +all && docker compose up; }
{ earth +all && docker compose up; } | tee log
earth +all && docker compose up > log 2>&1
{ earth +all && docker compose up; } &
earth +all > log
earth +all && docker compose \
  up \
  -d
echo docker compose build
docker compose build $SERVICE
docker compose $FILES build
$COMPOSE build
docker compose build --ssh default
docker compose build nothing
FOO=1 earth +all
FOO=1 docker compose up --build
(cd app && earth ..+all)
cd "$DIR" && docker compose build

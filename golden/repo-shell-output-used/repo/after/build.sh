#!/bin/sh
id=$(docker build -q .)
docker run --rm $(docker build -q .)
id=`docker build --quiet .`
docker build -q -t app:1 . | xargs docker run
docker build -q . > id.txt
docker build --iidfile id.txt -t app:1 .
earth +docker >/dev/null 2>&1
docker build -t app:1 . 2>&1 | grep 'Successfully built' | cut -d' ' -f3
docker build -t app:1 . | tail -n1
docker buildx build --metadata-file meta.json --push -t app:1 .

#!/bin/bash
earth --no-cache --pull +docker --VERSION=2
docker build $OPTIONS -t app:1 .
docker build "${ARGS[@]}" -t app:1 .
docker build ${NO_CACHE:+--no-cache} -t app:1 .
earth +docker --VERSION="a b 'c' \"d\" \$e" --MODE='$x "y"'
earth +docker --VERSION=$(git describe) --MODE=`date +%F`
earth +docker ${VERSION+--VERSION="$VERSION"} --MODE=
docker build -t app:1 --build-arg $NAME=1 .
docker build -t app:1 --network host .
earth +docker
docker build -t app:1 --squash .
docker build -t app:1 -o out .
docker build -t app:1 --unknown-thing .
earth --platform=linux/arm64 +docker
earth --cache-from=reg/app:cache --save-inline-cache +docker
earth +docker
docker build -t app:1
docker build -t app:1 . extra
docker build -f - -t app:1 . < Dockerfile
docker build -t app:1 - < Dockerfile
docker build -t app:1 - <<EOF
FROM scratch
EOF
docker build -t app:1 https://github.com/a/b.git
docker build -t app:1 ..
earth +docker
earth +docker
docker build -t app:1 "$DIR"
docker build -t app:1 -f "$FILE" .

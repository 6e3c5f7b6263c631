#!/bin/bash
docker build . -tapp:1 --build-arg=VERSION=2 --no-cache=true --pull --rm --force-rm
docker build $OPTIONS -t app:1 .
docker build "${ARGS[@]}" -t app:1 .
docker build ${NO_CACHE:+--no-cache} -t app:1 .
docker build -t app:1 --build-arg VERSION="a b 'c' \"d\" \$e" --build-arg MODE='$x "y"' .
docker build -t app:1 --build-arg VERSION=$(git describe) --build-arg MODE=`date +%F` .
docker build -t app:1 --build-arg VERSION --build-arg MODE= .
docker build -t app:1 --build-arg $NAME=1 .
docker build -t app:1 --network host .
docker build -t app:1 --network=none --add-host a:1.2.3.4 --shm-size 1g --label a=b .
docker build -t app:1 --squash .
docker build -t app:1 -o out .
docker build -t app:1 --unknown-thing .
docker build -t app:1 --build-arg TARGETARCH=arm64 --platform linux/arm64 .
docker build -t app:1 --cache-from reg/app:cache --build-arg BUILDKIT_INLINE_CACHE=1 .
docker build -t app:1 -- .
docker build -t app:1
docker build -t app:1 . extra
docker build -f - -t app:1 . < Dockerfile
docker build -t app:1 - < Dockerfile
docker build -t app:1 - <<EOF
FROM scratch
EOF
docker build -t app:1 https://github.com/a/b.git
docker build -t app:1 ..
docker build -t app:1 "$PWD"
docker build -t app:1 "$(pwd)"
docker build -t app:1 "$DIR"
docker build -t app:1 -f "$FILE" .

#!/bin/bash
set -e
for d in api web; do
  docker build -t "reg/$d:1" --build-arg V="$VERSION" "$d"
  docker push "reg/$d:1"
done
for service in api web; do docker build -q -t reg/$service:$TAG $service || exit 1; done
for d in api "with space"; do
  if docker build -f "$d/Dockerfile" -t one "./$d" > log; then echo done; fi
done
for t in 1 2; do docker build -t "app:$t" tools; done
for d in */; do docker build -t "x/$d" "$d"; done
for d in api nowhere; do docker build -t "x/$d" "$d"; done
for e in api web; do
  e=$e/sub
  docker build -t "x/$e" "$e"
done
for d in api web; do sudo docker build -t "s/$d" "$d"; done
for f in $(ls); do docker build -t "x/$f" "$f"; done
for d in api web; do (cd "$d" && docker build -t "in/$d" .); done
for d in api web; do for t in a b; do docker build -t "n/$d:$t" "$d"; done; done
while read -r g; do docker build -t "x/$g" "$g"; done < list

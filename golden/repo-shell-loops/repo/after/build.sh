#!/bin/bash
set -e
for d in api web; do
  (cd "$d" && earth +docker --V="$VERSION")
  docker push "reg/$d:1"
done
for service in api web; do (cd "$service" && earth +docker --image=reg/$service:$TAG) >/dev/null 2>&1 || exit 1; done
for d in api "with space"; do
  if case "$d" in api) earth ./api+docker --image=one ;; 'with space') earth './with space+docker' ;; esac > log; then echo done; fi
done
for t in 1 2; do earth ./tools+docker --image="app:$t"; done
for d in */; do docker build -t "x/$d" "$d"; done
for d in api nowhere; do docker build -t "x/$d" "$d"; done
for e in api web; do
  e=$e/sub
  docker build -t "x/$e" "$e"
done
for d in api web; do sudo docker build -t "s/$d" "$d"; done
for f in $(ls); do docker build -t "x/$f" "$f"; done
for d in api web; do (cd "$d" && earth +docker --image="in/$d"); done
for d in api web; do for t in a b; do (cd "$d" && earth +docker --image="n/$d:$t"); done; done
while read -r g; do docker build -t "x/$g" "$g"; done < list

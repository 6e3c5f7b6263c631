#!/bin/bash
build() {
  local tag=$1
  if ! docker build -t "$tag" --build-arg VERSION="$2" .; then
    echo "docker build failed for $tag" >&2
    return 1
  fi
}
for v in 1 2; do
  docker build -t "app:$v" --build-arg "VERSION=$v" . || exit 1
done
while read -r line; do docker build -t app:$line . >"$line.log" 2>&1; done < versions
case $1 in
  dev) docker build -t app:dev --build-arg MODE=dev . ;;
  *) docker build -t app:1 . & wait ;;
esac
build app:x 3 && docker run app:x
{ docker build -t app:group .; } | tee log

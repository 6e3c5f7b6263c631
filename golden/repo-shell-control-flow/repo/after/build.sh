#!/bin/bash
build() {
  local tag=$1
  if ! earth +docker --image="$tag" --VERSION="$2"; then
    echo "docker build failed for $tag" >&2
    return 1
  fi
}
for v in 1 2; do
  earth +docker --image="app:$v" "--VERSION=$v" || exit 1
done
while read -r line; do earth +docker --image=app:$line >"$line.log" 2>&1; done < versions
case $1 in
  dev) earth +docker --MODE=dev ;;
  *) earth +docker --image=app:1 & wait ;;
esac
build app:x 3 && docker run app:x
{ earth +docker --image=app:group; } | tee log

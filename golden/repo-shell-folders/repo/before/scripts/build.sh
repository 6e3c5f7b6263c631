#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
docker build -t root .
cd web && docker build -t web . && cd ..
docker build -t root:again .
pushd db
docker build -t db .
popd
docker build -t root .
(cd web; docker build -t web:sub .)
docker build -t root .
cd "$SOMEWHERE"
docker build -t lost .

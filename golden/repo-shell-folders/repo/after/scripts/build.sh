#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
earth +docker
cd web && earth +docker && cd ..
earth +docker --image=root:again
pushd db
earth +docker
popd
earth +docker
(cd web; earth +docker --image=web:sub)
earth +docker
cd "$SOMEWHERE"
docker build -t lost .

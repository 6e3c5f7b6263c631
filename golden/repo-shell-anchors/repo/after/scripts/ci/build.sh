#!/usr/bin/env bash
set -euo pipefail
DIR="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null 2>&1 && pwd -P)"
ROOT=$(realpath "$DIR/../..")
TOP="$(git rev-parse --show-toplevel)"
HERE=$(dirname "$(readlink -f "$0")")
WEB="$ROOT/web"
(cd "$WEB" && earth +docker)
(cd "$ROOT" && earth +full)
(cd "$TOP/api" && earth +docker) || exit 1
(cd "${HERE}/../../api" && earth +docker)
(cd $(git rev-parse --show-toplevel)/api && earth +docker)
sudo docker build -t api "$TOP/api"
docker build --secret id=k,src=key -t api "$TOP/api"
(
  cd "$ROOT"
  earth +docker
  earth +full
)
cd "$DIR/../../web" && earth +docker

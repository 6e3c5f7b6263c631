#!/usr/bin/env bash
set -euo pipefail
DIR="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null 2>&1 && pwd -P)"
ROOT=$(realpath "$DIR/../..")
TOP="$(git rev-parse --show-toplevel)"
HERE=$(dirname "$(readlink -f "$0")")
WEB="$ROOT/web"
docker build -t web "$WEB"
docker build -t full -f "$ROOT/web/Dockerfile.full" "$ROOT"
docker build -t api "$TOP/api" || exit 1
docker build -t api "${HERE}/../../api"
docker build -t api $(git rev-parse --show-toplevel)/api
sudo docker build -t api "$TOP/api"
docker build --secret id=k,src=key -t api "$TOP/api"
(
  cd "$ROOT"
  docker build -t root .
  docker build -t full -f "$WEB/Dockerfile.full" .
)
cd "$DIR/../../web" && docker build -t web "$PWD"

#!/bin/bash
# docker build -t comment .
cat <<EOF
usage: docker build -t app .
EOF
cat <<'EOF' > run.sh
docker build -t inner .
EOF
cat <<< "docker build -t string ."
echo docker build -t app . "then docker push"
printf 'docker build -t app .\n'
docker builder prune -f
docker buildx version
docker build --help
command -v docker build
docker run --rm image docker build -t nested .
docker images build
docker compose ps
ssh host "docker build -t remote ."
earth +docker

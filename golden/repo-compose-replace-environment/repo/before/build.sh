docker compose build
docker compose build app
TAG=4 docker compose build app
COMPOSE_DOCKER_CLI_BUILD=1 DOCKER_BUILDKIT=1 docker-compose build job
docker compose build --build-arg A=7 app job

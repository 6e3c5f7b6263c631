docker compose build
docker compose -f docker-compose.yml build web
docker compose -f docker-compose.prod.yml build
docker compose -f docker-compose.yml -f docker-compose.prod.yml build job
docker compose -f docker-compose.yml -f docker-compose.images.yml build
docker compose -f with-include/compose.yaml build
docker compose -f missing.yml build
docker compose -f "$FILES" build
(cd app && docker compose build extra)

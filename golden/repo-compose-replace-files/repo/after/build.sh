earth +all && docker compose build
docker compose -f docker-compose.yml build web
earth +all-prod
earth ./app+dev-image
earth ./app+prod --image=job && docker compose -f docker-compose.yml -f docker-compose.images.yml build
earth ./app+prod --image=with-include-seen && docker compose -f with-include/compose.yaml build
docker compose -f missing.yml build
docker compose -f "$FILES" build
(cd app && earth +prod --image=extra)

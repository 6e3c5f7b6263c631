docker compose build
docker compose build good
docker compose build good watched
docker compose up --build good
docker compose up --build --no-deps good
docker compose run --build good sh
docker compose build inline

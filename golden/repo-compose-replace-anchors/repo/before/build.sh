docker compose build
docker compose build worker beat child
docker compose up --build far

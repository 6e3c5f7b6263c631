docker compose build
docker compose build c
docker compose build a c
docker compose up -d --build
docker compose up --build c

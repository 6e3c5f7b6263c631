docker build -t app app
docker compose up --build -d

# café
docker build -t app .

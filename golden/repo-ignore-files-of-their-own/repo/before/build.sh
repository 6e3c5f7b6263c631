docker build -t app .
docker build -t app:dev -f Dockerfile.dev .
docker build -t app:same -f Dockerfile.same .
docker build -t app:part -f Dockerfile.part .

docker build -t app .
docker build -t app:dev -f Dockerfile.dev .
docker build -t app:test -f Dockerfile.test .
docker build -t builder -f Dockerfile.dev --target build .

docker build -t app .
docker build -t tool -f docker/Dockerfile .

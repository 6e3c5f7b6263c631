docker build -t version version
docker build -t name name

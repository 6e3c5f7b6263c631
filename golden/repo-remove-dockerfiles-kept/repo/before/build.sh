id=$(docker build -q called)
docker build -t goes goes
docker build -f "goes/Dockerfile.$X" goes

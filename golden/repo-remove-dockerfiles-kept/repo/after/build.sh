id=$(docker build -q called)
earth ./goes+docker
docker build -f "goes/Dockerfile.$X" goes

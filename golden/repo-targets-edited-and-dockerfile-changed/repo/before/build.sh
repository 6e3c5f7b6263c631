earth +docker
earth +build-image
docker build -t other .

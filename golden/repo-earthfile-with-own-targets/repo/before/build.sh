earth +docker
earth +build-image
docker build -t more --target more .

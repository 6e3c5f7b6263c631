docker build -t two .
docker build -t two:b -f Dockerfile.b .
docker build -t two:c -f Dockerfile.c .

docker build -t site:1 .
docker build -t site:2 .

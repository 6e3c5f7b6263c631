docker build -t app app
docker build -t x "$1"
docker build https://github.com/a/b.git

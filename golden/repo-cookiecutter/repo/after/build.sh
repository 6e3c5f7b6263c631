earth +docker
docker build -t x "{{cookiecutter.slug}}/web"

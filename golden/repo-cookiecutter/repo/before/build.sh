docker build -t own .
docker build -t x "{{cookiecutter.slug}}/web"

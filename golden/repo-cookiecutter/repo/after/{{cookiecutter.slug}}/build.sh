docker build -t {{cookiecutter.slug}} web

earth +docker
earth +docker-2

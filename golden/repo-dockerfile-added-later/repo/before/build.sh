earth +docker

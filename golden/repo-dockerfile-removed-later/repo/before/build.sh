earth +docker
earth +dev

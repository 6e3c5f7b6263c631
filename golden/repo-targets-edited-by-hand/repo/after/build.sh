earth +docker
earth +build-image

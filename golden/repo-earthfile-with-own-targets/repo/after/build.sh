earth +docker
earth +build-image
earth +more-image

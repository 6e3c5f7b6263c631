earth +docker
earth +dev
earth +test
earth +dev-build-image

earth +docker
earth +dev
earth +test-test
earth +dev-build-image

earth +docker
earth +dev
earth +same
earth +part

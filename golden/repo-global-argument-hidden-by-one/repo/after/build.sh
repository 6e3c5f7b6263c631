earth +docker
earth +b
earth +c

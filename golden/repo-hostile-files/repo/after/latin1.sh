# café
earth +docker

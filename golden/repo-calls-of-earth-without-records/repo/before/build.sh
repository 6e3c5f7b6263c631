earth +docker
(cd web && earth +docker)

#!/bin/sh
earth +docker
earth ./web+docker
(cd web && earth +docker)

#!/bin/sh
docker build -t app .
docker build -t web web
(cd web && docker build -t web .)

#!/bin/sh
docker build -t app .
earth ./web+docker

#!/bin/bash
earth +docker-tags --images="app:1 app:latest"
earth --ci --push +docker-tags --images="app:1 app:$SHA app:latest"
earth --ci --push +docker-tags --images="$IMAGE $IMAGE:$(git rev-parse HEAD)"
earth +docker --image=app

#!/bin/sh
earth +all-prod ${REG+--REG="$REG"} ${TAG+--TAG="$TAG"} ${A+--A="$A"}
earth ./app+docker && docker-compose -f docker-compose.prod.yml up -d two

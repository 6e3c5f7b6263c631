#!/bin/sh
earth --secret-file tok=token.txt --secret-file npm-rc="$HOME/.npmrc" +docker
tok="$GH_TOKEN" earth --secret tok --secret-file npm-rc=.npmrc +docker
earth --secret tok +docker
docker build -t app:1 --secret id=npm-rc,env=RC .
docker build -t app:1 --secret id=tok .
earth --secret-file tok="$FILE" +docker
earth +docker
docker build -t app:1 --ssh github=$HOME/.ssh/id .

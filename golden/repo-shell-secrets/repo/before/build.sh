#!/bin/sh
docker build -t app:1 --secret id=tok,src=token.txt --secret id=npm-rc,source="$HOME/.npmrc" .
docker build -t app:1 --secret id=tok,env=GH_TOKEN --secret type=file,id=npm-rc,src=.npmrc .
docker build -t app:1 --secret id=tok,env=tok .
docker build -t app:1 --secret id=npm-rc,env=RC .
docker build -t app:1 --secret id=tok .
docker build -t app:1 --secret "id=tok,src=$FILE" .
docker build -t app:1 --ssh default .
docker build -t app:1 --ssh github=$HOME/.ssh/id .

#!/bin/sh
docker build -t app 'my app'
docker build -t app:esc my\ app
docker build -t gr größe
docker build -t plus a+b
docker build -t its "it's"
cd 'my app' && docker build -t app:here .

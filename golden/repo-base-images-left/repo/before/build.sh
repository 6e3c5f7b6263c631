#!/bin/sh
docker build -t pushed pushed && docker push pushed
docker build -t on-pushed on-pushed
docker build -t two-values:a --build-arg V=a two-values
docker build -t same-name --build-arg V=a two-values
docker build -t same-name --build-arg V=b two-values
docker build -t on-same-name on-same-name
docker build -t secret --secret id=key,src=key secret
docker build -t on-secret on-secret
docker build -t onbuild onbuild
docker build -t on-onbuild on-onbuild
docker build -t runtime --build-arg "V=$(date)" two-values
docker build -t on-runtime on-runtime
docker build -t choice --build-arg BASE=secret choice
docker build -t choice:2 --build-arg BASE=alpine:3.20 choice
docker build -t circle-a circle-a
docker build -t circle-b circle-b
docker build -t one -f same/Dockerfile same
docker build -t two -f same/Dockerfile.two --build-arg X=2 same
docker build -t dynamic:$TAG dynamic
docker build -t on-dynamic on-dynamic
docker build -t arm --platform linux/arm64 arm
docker build -t on-arm on-arm
docker build -t fallen fallen

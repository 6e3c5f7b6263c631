#!/bin/sh
earth ./pushed+docker && docker push pushed
earth ./on-pushed+docker
earth ./two-values+docker --image=two-values:a --V=a
earth ./two-values+docker --V=a
earth ./two-values+docker --V=b
earth ./on-same-name+docker
earth --secret-file key=key ./secret+docker
earth ./on-secret+docker
earth ./onbuild+docker
earth ./on-onbuild+docker
earth ./two-values+docker --image=runtime "--V=$(date)"
earth ./on-runtime+docker
earth ./choice+docker --BASE=secret
earth ./choice+docker --image=choice:2 --BASE=alpine:3.20
earth ./circle-a+docker
earth ./circle-b+docker
earth ./same+docker
earth ./same+two --X=2
earth ./dynamic+docker --image=dynamic:$TAG
earth ./on-dynamic+docker
earth --platform=linux/arm64 ./arm+docker
earth ./on-arm+docker
earth ./fallen+docker

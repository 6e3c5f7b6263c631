#!/bin/sh
DOCKER=docker
DOCKER=docker $DOCKER build -t app .

#!/bin/sh
earth --ci +docker
sudo earth +docker

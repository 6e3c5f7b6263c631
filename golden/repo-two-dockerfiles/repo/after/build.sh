#!/bin/sh
earth +docker
earth +dev
earth +build-image

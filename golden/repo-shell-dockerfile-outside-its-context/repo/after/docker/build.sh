#!/bin/sh
cd "$(dirname "$0")"
earth ..+docker

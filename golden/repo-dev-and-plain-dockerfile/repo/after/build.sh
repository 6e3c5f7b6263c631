#!/bin/sh
earth +runtime
earth +dev-build
earth +prod --VERSION=7

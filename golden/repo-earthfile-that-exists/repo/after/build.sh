#!/bin/sh
earth +docker
earth ./web+docker

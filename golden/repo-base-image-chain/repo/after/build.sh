#!/bin/sh
earth ./base+docker
earth ./app+docker
earth ./fixed+docker

#!/bin/sh
earth './my app+docker'
earth './my app+docker' --image=app:esc
earth './größe+docker'
earth './a\+b+docker'
earth './it'"'"'s+docker'
cd 'my app' && earth +docker --image=app:here

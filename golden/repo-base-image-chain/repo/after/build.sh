#!/bin/sh
earth ./base+docker
earth ./app+docker --BASE=base:local
earth ./fixed+docker

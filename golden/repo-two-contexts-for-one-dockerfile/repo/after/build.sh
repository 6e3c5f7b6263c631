#!/bin/sh
earth ./a+docker
earth ./b+docker

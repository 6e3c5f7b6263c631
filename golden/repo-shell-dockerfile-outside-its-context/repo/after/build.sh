#!/bin/sh
earth +docker

#!/bin/sh
earth +docker
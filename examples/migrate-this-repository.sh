#!/bin/sh
# For multi-gitter, turbolift and whatever else runs a program in each checkout and opens pull requests:
#
#     multi-gitter run /path/to/migrate-this-repository.sh --org shop --branch earthfiles --commit-message "Build with Earthfiles"
#     turbolift foreach -- /path/to/migrate-this-repository.sh
#
# It asks nothing, commits nothing and pushes nothing. Exit code 0: the change is made, or there is none (nothing is written then).
# Exit code 3: nothing could be done, and nothing was written. What is left to do by hand goes to standard error.
exec earthmigrate repo --write --fail-on never .

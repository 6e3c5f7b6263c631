"""One module for each command, found by the command's name and loaded when it runs."""

"""Writing Earthfiles, and reading them exactly as earth does."""

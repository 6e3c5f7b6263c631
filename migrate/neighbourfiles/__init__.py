"""Files that name Dockerfiles without building them: filters, owners, updates, linters. One module for each kind."""

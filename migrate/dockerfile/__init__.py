"""Reading Dockerfiles exactly as BuildKit does."""

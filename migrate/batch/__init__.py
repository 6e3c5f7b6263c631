"""Many repositories in one run: jobs, clones, workers, results (issue "batch")."""

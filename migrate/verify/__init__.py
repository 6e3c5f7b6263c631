"""Builds both sides with the real tools, reads the images and compares them."""

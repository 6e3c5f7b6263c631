PATH = "named/Dockerfile"

image:
	earth +docker

image:
	docker build -t app .

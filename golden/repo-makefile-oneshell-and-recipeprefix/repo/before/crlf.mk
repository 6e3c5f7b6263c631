image:
	docker build -t app:crlf \
	  --build-arg A=1 \
	  .
	@echo done

image:
	earth +docker \
	  --A=1
	@echo done

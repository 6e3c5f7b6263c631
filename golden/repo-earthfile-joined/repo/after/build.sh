earth +docker-2
earth +docker-2 --image_2=site:2

.RECIPEPREFIX = >
image:
> docker build -t app .

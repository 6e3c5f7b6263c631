.RECIPEPREFIX = >
image:
> earth +docker

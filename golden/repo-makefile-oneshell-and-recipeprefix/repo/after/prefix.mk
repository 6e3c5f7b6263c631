.RECIPEPREFIX = >
image:
> earth +docker --image=app

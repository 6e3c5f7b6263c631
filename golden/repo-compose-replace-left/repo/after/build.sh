earth +all && docker compose build
earth ./app+docker --image=good
earth ./app+docker --image=good && docker compose build watched
earth +all && docker compose up --build good
earth ./app+docker --image=good && docker compose up --no-deps good
earth +all && docker compose run --build good sh
docker compose build inline

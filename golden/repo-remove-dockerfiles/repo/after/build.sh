earth ./app+docker
earth +all && docker compose up -d

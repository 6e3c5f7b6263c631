earth ./app+docker --image=c && docker compose build
earth ./app+docker --image=c
earth ./app+docker --image=c && docker compose build a
earth ./app+docker --image=c && docker compose up -d --build
earth ./app+docker --image=c && docker compose up c

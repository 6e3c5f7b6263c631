earth +all
earth ./app+docker --image=shop/worker --A=2 && earth ./app+docker --image=shop/web --A=2 && earth ./app+docker --image=three --A=2 --B=3
earth ./app+docker --A=9 && docker compose up far

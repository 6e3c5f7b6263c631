api/main.go

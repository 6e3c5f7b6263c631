app.sh

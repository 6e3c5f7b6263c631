docker build -t app .
if true; then

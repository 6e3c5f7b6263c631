earth +docker
if true; then

import os
os.system("docker build -t app ."

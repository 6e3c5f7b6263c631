import os
import subprocess

subprocess.run(["earth", "+all"], check=True)
subprocess.run(["docker-compose", "up", "--build", "-d"])
subprocess.run(["docker", "compose", "up", "-d"])
os.system("earth +all && docker compose up -d")

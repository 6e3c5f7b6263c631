import os
import subprocess

subprocess.run(["docker", "compose", "build"], check=True)
subprocess.run(["docker-compose", "up", "--build", "-d"])
subprocess.run(["docker", "compose", "up", "-d"])
os.system("docker compose up --build -d")

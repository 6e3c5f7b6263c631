import subprocess, os
from subprocess import check_call as cc
def build(tag, dirname):
    subprocess.run(["docker", "build", "-t", tag, "-f", "Dockerfile", "."], check=True)
    subprocess.run(
        [
            "docker",
            "build",
            "--build-arg",
            f"A={tag}",
            "-t",
            "app:latest",
            ".",
        ],
        cwd="web",
    )
    subprocess.check_call(("docker", "build", "."))
    os.system("docker build -t x .")
    os.system("docker build -t " + tag + " .")
    subprocess.run(["docker", "build", *extra, "."])
    subprocess.check_output(["docker", "build", "-q", "."])
    subprocess.run(["docker", "build", "-t", tag, dirname])
    subprocess.run(["docker", "run", "x"])

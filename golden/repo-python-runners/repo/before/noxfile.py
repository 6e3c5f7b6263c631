import shlex
import subprocess

import nox
from invoke import task

TAG = "1.0"


@nox.session
def image(session):
    session.run("docker", "build", "-t", f"app:{TAG}", ".", external=True)
    session.run(
        "docker",
        "build",
        "--build-arg",
        f"V={TAG}",
        "-t",
        "app",
        "web",
        external=True,
    )
    session.run("docker", "push", "app", external=True)
    session.run(*"docker build -t app .".split())
    session.run(*["docker", "build", "-t", "app", "."])
    session.run("docker", *session.posargs, "build", ".")
    session.run("docker", "build", "-t", "app", ".", external=True, silent=True)
    session.run("docker", "build",  # the image
                "-t", "app", ".")


@task
def build(c):
    c.run("docker build -t app .")
    c.run(f"docker build -t app:{TAG} .")
    subprocess.run(shlex.split("docker build -t app --build-arg V='a b' ."), check=True)
    subprocess.check_call("docker build -t app web".split())
    subprocess.run(shlex.split("docker build -t app:$TAG ."), check=True)
    subprocess.run("docker build -t app .".split("x"))
    helper("docker", "build", "-t", "app", ".")

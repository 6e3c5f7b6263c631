import shlex
import subprocess

import nox
from invoke import task

TAG = "1.0"


@nox.session
def image(session):
    session.run("earth", "+docker", f"--image=app:{TAG}", external=True)
    session.run(
        "earth",
        "./web+docker",
        f"--V={TAG}",
        external=True,
    )
    session.run("docker", "push", "app", external=True)
    session.run(*"earth +docker".split())
    session.run(*["earth", "+docker"])
    session.run("docker", *session.posargs, "build", ".")
    session.run("docker", "build", "-t", "app", ".", external=True, silent=True)
    session.run("docker", "build",  # the image
                "-t", "app", ".")


@task
def build(c):
    c.run("earth +docker")
    c.run(f"docker build -t app:{TAG} .")
    subprocess.run(shlex.split("earth +docker --V='a b'"), check=True)
    subprocess.check_call("earth ./web+docker".split())
    subprocess.run(shlex.split("docker build -t app:$TAG ."), check=True)
    subprocess.run("docker build -t app .".split("x"))
    helper("docker", "build", "-t", "app", ".")

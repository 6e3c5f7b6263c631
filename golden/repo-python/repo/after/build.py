import subprocess, os
from subprocess import check_call as cc
def build(tag, dirname):
    subprocess.run(["earth", "+docker", f"--image={tag}"], check=True)
    subprocess.run(
        [
            "earth",
            "+docker",
            f"--A={tag}",
        ],
        cwd="web",
    )
    subprocess.check_call(("earth", "--ci", "+docker"))
    os.system("earth +docker")
    os.system("docker build -t " + tag + " .")
    subprocess.run(["docker", "build", *extra, "."])
    subprocess.check_output(["docker", "build", "-q", "."])
    subprocess.run(["docker", "build", "-t", tag, dirname])
    subprocess.run(["docker", "run", "x"])

"""docker build -t doc ."""
import os
import subprocess
from subprocess import check_call

DOCKER = "docker"


def main(tag: str, version) -> None:
    subprocess.run(("earth", "+docker"), check=True)
    subprocess.run(
        [
            "docker",
            "build",
            "-t",
            f"app:{tag}",  # the tag
            ".",
        ],
        check=True,
    )
    subprocess.run(
        [
            "earth",
            "./web+docker",
            f"--image=app:{tag}",
            f"--VERSION={version!r}",
        ],
        cwd=None,
    )
    subprocess.check_call(["earth", "+docker", f"--image={tag}"], cwd="web")
    subprocess.check_call(["docker", "build", "-t", tag, "."], cwd=os.path.dirname(__file__))
    subprocess.run("earth +docker", shell=True, cwd="web")
    os.system("earth +docker && docker push app:1")
    os.system(f"docker build -t app:{tag} .")
    os.system("docker build -t app:%s ." % tag)
    os.system("docker build -t app:{} .".format(tag))
    os.system(r"earth +docker")
    os.system("""
        earth +docker
        docker push app:1
    """)
    subprocess.run("earth +docker".split())
    subprocess.run([DOCKER, "build", "."])
    check_call(["docker", "build", "-t", "app:1", "."] + ["--pull"])
    check_call(["earth", "+docker", "--image=it's \"x\""])
    check_call(["earth", "+docker"])
    check_call(["docker", "build", "-t", str(tag), "--build-arg", "MODE=" + tag, "--build-arg", "VERSION", "."])
    cmd = ["docker", "build", "-t", "app:1", "."]
    subprocess.run(cmd)
    log("docker build failed", ["docker", "build"])
    assert cmd == ["docker", "build", "-t", "app:1", "."]
    helper(["docker", "build", "-t", "app:1", "."])
    subprocess.Popen(["docker", "build", "-t", "app:1", "."]).wait()

import docker
from python_on_whales import docker as whales

client = docker.from_env()
image, logs = client.images.build(path=".", tag="app")
client.api.build(path=".")
whales.build(".")
docker.buildx.bake()
client.images.list()
builder.build("docker")

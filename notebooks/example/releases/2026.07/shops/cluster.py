"""What the cluster offers: images, sizes of machines, secrets, links to the code."""

from flytekit import Documentation, Resources, Secret, SourceCode

REPOSITORY = "https://git.example.com/corner-shops/forecast/blob/main"
GPU_IMAGE = "{{.image.gpu.fqn}}:{{.image.gpu.version}}"

SMALL = Resources(cpu="500m", mem="512Mi")
MEDIUM = Resources(cpu="2", mem="4Gi")

WEATHER_TOKEN = Secret(
    group="weather-service",
    key="api-token",
    mount_requirement=Secret.MountType.ENV_VAR,
    env_var="WEATHER_TOKEN",
)
WAREHOUSE_KEY = Secret(group="warehouse", key="service-account.json", mount_requirement=Secret.MountType.FILE)
ORDER_SIGNING_KEY = Secret(
    group="ordering",
    key="signing-key.pem",
    mount_requirement=Secret.MountType.FILE,
    env_var="ORDER_SIGNING_KEY_FILE",
)
CHAT_WEBHOOK = Secret(group="chat", key="planners-webhook", group_version="2")


def source(module: str) -> Documentation:
    """Link a task to the module it is written in."""
    return Documentation(source_code=SourceCode(link=f"{REPOSITORY}/shops/{module}.py"))

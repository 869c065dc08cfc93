"""Pods that need more than one container."""

from flytekit import PodTemplate
from kubernetes.client.models import (
    V1Container,
    V1EmptyDirVolumeSource,
    V1EnvVar,
    V1PodSpec,
    V1ResourceRequirements,
    V1Toleration,
    V1Volume,
    V1VolumeMount,
)

SCRATCH = V1VolumeMount(name="scratch", mount_path="/scratch")


def tensor_pod() -> PodTemplate:
    """Prepare tensors beside a read-through cache of the object store."""
    return PodTemplate(
        primary_container_name="prepare",
        labels={"team": "forecast", "cost-centre": "4711"},
        annotations={"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
        pod_spec=V1PodSpec(
            containers=[
                V1Container(
                    name="prepare",
                    volume_mounts=[SCRATCH],
                    env=[V1EnvVar(name="OBJECT_CACHE", value="http://127.0.0.1:8085")],
                ),
                V1Container(
                    name="object-cache",
                    image="ghcr.io/corner-shops/object-cache:0.9.2",
                    args=["--listen", "127.0.0.1:8085", "--folder", "/scratch/cache", "--max-size", "20Gi"],
                    resources=V1ResourceRequirements(
                        requests={"cpu": "250m", "memory": "256Mi"},
                        limits={"cpu": "500m", "memory": "512Mi"},
                    ),
                    volume_mounts=[SCRATCH],
                ),
            ],
            volumes=[V1Volume(name="scratch", empty_dir=V1EmptyDirVolumeSource(size_limit="40Gi"))],
            tolerations=[
                V1Toleration(key="pool", operator="Equal", value="high-memory", effect="NoSchedule"),
            ],
            node_selector={"pool": "high-memory"},
        ),
    )


def inference_pod() -> PodTemplate:
    """Predict with weights that an init container has put on a shared volume."""
    weights = V1VolumeMount(name="weights", mount_path="/weights")
    return PodTemplate(
        primary_container_name="predict",
        labels={"team": "forecast", "tier": "nightly"},
        pod_spec=V1PodSpec(
            init_containers=[
                V1Container(
                    name="fetch-weights",
                    image="ghcr.io/corner-shops/object-cache:0.9.2",
                    args=["copy", "s3://shops-models/champion/", "/weights/"],
                    volume_mounts=[weights],
                ),
            ],
            containers=[
                V1Container(
                    name="predict",
                    resources=V1ResourceRequirements(
                        requests={"cpu": "4", "memory": "12Gi", "nvidia.com/gpu": "1"},
                        limits={"cpu": "4", "memory": "12Gi", "nvidia.com/gpu": "1"},
                    ),
                    volume_mounts=[weights],
                ),
            ],
            volumes=[V1Volume(name="weights", empty_dir=V1EmptyDirVolumeSource(size_limit="8Gi"))],
            tolerations=[V1Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule")],
        ),
    )

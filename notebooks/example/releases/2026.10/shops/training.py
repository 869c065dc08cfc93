"""Train the global model and one model per shop."""

import json
import subprocess
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flytekit import Cache, Description, Documentation, Resources, SourceCode, dynamic, task
from flytekit.extras.accelerators import A100
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile

from shops.cluster import GPU_IMAGE, MEDIUM, REPOSITORY, SMALL, source
from shops.datatypes import FeatureFrame, Metrics, ShopModel, TrainingConfig
from shops.pods import tensor_pod


class TrainedModel(NamedTuple):
    """A trained network and its errors."""

    model: FlyteFile["onnx"]  # noqa: F821
    metrics: Metrics


@task(
    pod_template=tensor_pod(),
    requests=Resources(cpu="4", mem="16Gi", ephemeral_storage="20Gi"),
    limits=Resources(cpu="8", mem="16Gi", ephemeral_storage="40Gi"),
    retries=1,
    timeout=timedelta(hours=2),
    environment={"TENSOR_SHARDS": "16"},
    docs=source("training"),
)
def prepare_tensors(features: FeatureFrame, codes: dict[str, int], config: TrainingConfig) -> FlyteDirectory:
    """Cut the feature table into windows and write them as shards.

    Parameters
    ----------
    features : FeatureFrame
        All features.
    codes : dict[str, int]
        Number of each shop.
    config : TrainingConfig
        Length of the windows.

    Returns
    -------
    FlyteDirectory
        The shards, one file each.
    """
    folder = Path("/scratch/tensors")
    folder.mkdir(parents=True, exist_ok=True)
    for shop, rows in features.groupby("shop"):
        rows.tail(config.horizon_days * 12).to_parquet(folder / f"{codes[str(shop)]:04d}.parquet")
    return FlyteDirectory(str(folder))


@task(
    container_image=GPU_IMAGE,
    requests=Resources(cpu="8", mem="64Gi", gpu="1"),
    limits=Resources(cpu="8", mem="64Gi", gpu="1"),
    accelerator=A100.partition_3g_20gb,
    shared_memory="8Gi",
    cache=Cache(version="7", serialize=True),
    retries=2,
    timeout=timedelta(hours=6),
    interruptible=True,
    environment={"TRAINER_LOG_LEVEL": "info", "NCCL_DEBUG": "WARN"},
    docs=Documentation(
        long_description=Description(
            value="Trains the *temporal fusion* network over **all** shops.\n\nSee the model card for its limits.",
            format=Description.DescriptionFormat.MARKDOWN,
        ),
        source_code=SourceCode(link=f"{REPOSITORY}/shops/training.py"),
    ),
)
def train_global_model(
    tensors: FlyteDirectory, config: TrainingConfig, warm_start: FlyteFile | None = None
) -> TrainedModel:
    """Train one network over all shops.

    Parameters
    ----------
    tensors : FlyteDirectory
        Shards of windows.
    config : TrainingConfig
        What to learn, and how.
    warm_start : FlyteFile or None
        Weights to start from.

    Returns
    -------
    model : FlyteFile
        The network as ONNX.
    metrics : Metrics
        Errors on the last horizon.
    """
    Path("config.json").write_text(json.dumps(asdict(config)))
    command = ["forecast-train", "--tensors", str(tensors), "--config", "config.json", "--out", "model.onnx"]
    if warm_start is not None:
        command += ["--weights", str(warm_start)]
    subprocess.run(command, check=True)  # noqa: S603
    return TrainedModel(FlyteFile("model.onnx"), Metrics(**json.loads(Path("metrics.json").read_text())))


@task(
    requests=MEDIUM,
    limits=Resources(cpu="2", mem="6Gi"),
    retries=3,
    docs=source("training"),
)
def train_shop_model(shop: str, features: FeatureFrame, config: TrainingConfig) -> ShopModel:
    """Fit the small model of a single shop.

    Parameters
    ----------
    shop : str
        Name of the shop.
    features : FeatureFrame
        All features; the rows of other shops are left out.
    config : TrainingConfig
        Lags and horizon.

    Returns
    -------
    ShopModel
        The fitted model and its errors.
    """
    rows = features[features["shop"] == shop]
    test, seen = rows.tail(config.horizon_days), rows.iloc[: -config.horizon_days]
    level = seen.groupby("weekday")["units"].mean()
    errors = test["weekday"].map(level) - test["units"]
    level.to_json("level.json")
    metrics = Metrics(
        wape=float(errors.abs().sum() / test["units"].sum()),
        bias=float(errors.mean()),
        rmse=float((errors**2).mean() ** 0.5),
    )
    return ShopModel(shop, FlyteFile("level.json"), metrics)


@dynamic(
    requests=SMALL,
    timeout=timedelta(hours=12),
    environment={"TUNING_BUDGET": "6"},
    docs=source("training"),
)
def tune_global_model(tensors: FlyteDirectory, candidates: list[TrainingConfig]) -> list[Metrics]:
    """Train the network once per candidate.

    Parameters
    ----------
    tensors : FlyteDirectory
        Shards of windows.
    candidates : list[TrainingConfig]
        Configurations to try.

    Returns
    -------
    list[Metrics]
        Errors, in the order of the candidates.
    """
    return [train_global_model(tensors=tensors, config=candidate).metrics for candidate in candidates]


@task(
    container_image=GPU_IMAGE,
    requests=MEDIUM,
    pod_template_name="model-registry-writer",
    docs=source("training"),
)
def export_model(model: FlyteFile["onnx"] | str, metrics: Metrics, tags: dict[str, str]) -> str:  # noqa: F821
    """Put a model into the registry.

    Parameters
    ----------
    model : FlyteFile or str
        The model, or the address of one that was exported before.
    metrics : Metrics
        Errors, kept beside the model.
    tags : dict[str, str]
        Free words to find the model by.

    Returns
    -------
    str
        Address of the model in the registry.
    """
    words = [f"{key}={value}" for key, value in sorted(tags.items())]
    command = ["forecast-registry", "push", str(model), "--wape", str(metrics.wape), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603

"""From a forecast to orders at the suppliers."""

import json
import math
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pandas as pd
from flytekit import Cache, Resources, task
from flytekit.extras.accelerators import A100

from shops.cluster import GPU_IMAGE, MEDIUM, ORDER_SIGNING_KEY, SMALL, source
from shops.datatypes import Channel, FeatureFrame, ForecastFrame, ModelKind, OrderLine, OrderPolicy
from shops.pods import inference_pod


@task(
    container_image=GPU_IMAGE,
    pod_template=inference_pod(),
    accelerator=A100.partition_1g_5gb,
    retries=2,
    timeout=timedelta(minutes=40),
    environment={"PREDICT_BATCH": "4096"},
    docs=source("replenishment"),
)
def forecast_demand(features: FeatureFrame, champion: ModelKind, horizon_days: int = 28) -> ForecastFrame:
    """Forecast the units sold per day, shop and article.

    Parameters
    ----------
    features : FeatureFrame
        All features, up to yesterday.
    champion : ModelKind
        Kind of model to use.
    horizon_days : int
        How far to look ahead.

    Returns
    -------
    ForecastFrame
        Mean and an 80 % interval.
    """
    features.to_parquet("features.parquet")
    command = ["forecast-predict", "--kind", champion.value, "--days", str(horizon_days), "--weights", "/weights"]
    subprocess.run([*command, "--batch", os.environ["PREDICT_BATCH"]], check=True)  # noqa: S603
    return pd.read_parquet("forecast.parquet")


@task(
    requests=MEDIUM,
    limits=Resources(cpu="2", mem="4Gi"),
    cache=Cache(version="3"),
    retries=1,
    environment={"ROUNDING": "pack"},
    docs=source("replenishment"),
)
def plan_orders(
    forecast: ForecastFrame,
    channels: list[Channel],
    safety_days: int | float,  # noqa: PYI041 (Flyte never takes an int for a float)
    policy: OrderPolicy | None = None,
    service_level: float | None = None,
) -> list[OrderLine]:
    """Plan what each shop orders.

    Parameters
    ----------
    forecast : ForecastFrame
        The demand.
    channels : list[Channel]
        Channels that are supplied from the shops' stock.
    safety_days : int or float
        Days of demand to keep in stock; parts of a day count.
    policy : OrderPolicy or None
        The supplier's rules; without one every article is ordered as needed.
    service_level : float or None
        Share of days on which nobody may stand before an empty shelf.

    Returns
    -------
    list[OrderLine]
        The lines of all orders.
    """
    days = safety_days + (policy.lead_days if policy else 0)
    demand = "upper" if service_level is None or service_level > 0.5 else "units"  # noqa: PLR2004
    needed = forecast.groupby(["shop", "article"])[demand].mean() * days
    return [
        OrderLine(shop, article, math.ceil(units), channel)
        for (shop, article), units in needed.items()
        for channel in channels
    ]


@task(
    requests=SMALL,
    timeout=timedelta(minutes=20),
    interruptible=False,
    secret_requests=[ORDER_SIGNING_KEY],
    environment={"ORDERS_URL": "https://orders.example.com/v1/orders"},
    docs=source("replenishment"),
)
def submit_orders(lines: list[OrderLine], approved_by: str, dry_run: bool = True) -> list[str]:
    """Sign the orders and send them to the suppliers.

    Parameters
    ----------
    lines : list[OrderLine]
        What to order.
    approved_by : str
        Who answers for the orders; the suppliers print it on the invoice.
    dry_run : bool
        Sign but do not send.

    Returns
    -------
    list[str]
        The suppliers' confirmation numbers.
    """
    body = Path("orders.json")
    body.write_text(json.dumps([{"shop": line.shop, "article": line.article, "n": line.quantity} for line in lines]))
    command = ["order-client", "--key", os.environ["ORDER_SIGNING_KEY_FILE"], "--to", os.environ["ORDERS_URL"]]
    command += ["--approved-by", approved_by]
    if dry_run:
        command.append("--dry-run")
    answer = subprocess.run([*command, str(body)], check=True, capture_output=True, text=True)  # noqa: S603
    return answer.stdout.split()

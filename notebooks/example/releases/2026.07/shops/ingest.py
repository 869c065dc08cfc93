"""Bring in sales, promotions, weather and the suppliers' feed."""

import io
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pandas as pd
from flytekit import Cache, ContainerTask, Resources, TaskMetadata, kwtypes, task
from flytekit.extras.tasks.shell import OutputLocation, ShellTask
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile

from shops.cluster import MEDIUM, SMALL, WEATHER_TOKEN, source
from shops.datatypes import PromotionFrame, SalesFrame, ValidationReport, WeatherFrame
from shops.warehouse import WarehouseQuery

daily_sales = WarehouseQuery(
    "shops.ingest.daily_sales",
    """
    SELECT day, shop, article, channel,
           GREATEST(SUM(units) - SUM(returned), 0) AS units,
           AVG(price) AS price
    FROM sales.receipts_with_returns
    WHERE day BETWEEN {{ .inputs.since }} AND {{ .inputs.until }}
    GROUP BY day, shop, article, channel
    """,
    inputs=kwtypes(since=datetime, until=datetime),
    results=SalesFrame,
    metadata=TaskMetadata(
        retries=2, timeout=timedelta(minutes=30), cache=True, cache_version="2026-07", cache_serialize=True
    ),
)

open_promotions = WarehouseQuery(
    "shops.ingest.open_promotions",
    """
    SELECT shop, article, starts, ends, discount
    FROM marketing.promotions
    WHERE ends >= {{ .inputs.until }}
    """,
    inputs=kwtypes(until=datetime),
    results=PromotionFrame,
    metadata=TaskMetadata(retries=2, timeout=timedelta(minutes=10)),
)

download_feed = ContainerTask(
    name="shops.ingest.download_feed",
    image="registry.example.com/forecast/feed-loader:1.4.0",
    command=["feed-loader", "--supplier", "{{.inputs.supplier}}", "--day", "{{.inputs.day}}"],
    arguments=["--out", "/var/outputs/feed"],
    inputs=kwtypes(supplier=str, day=datetime),
    outputs=kwtypes(feed=FlyteFile["tgz"]),
    input_data_dir="/var/inputs",
    output_data_dir="/var/outputs",
    metadata_format=ContainerTask.MetadataFormat.JSON,
    requests=SMALL,
    limits=Resources(cpu="1", mem="1Gi", ephemeral_storage="10Gi"),
    metadata=TaskMetadata(retries=4, timeout=timedelta(minutes=15), interruptible=True),
    environment={"FEED_HOST": "feeds.example.com", "FEED_USER": "corner-shops"},
    docs=source("ingest"),
)

unpack_feed = ShellTask(
    name="shops.ingest.unpack_feed",
    script="""
    set -eu
    mkdir -p {outputs.folder}
    tar -xzf {inputs.feed} -C {outputs.folder} --strip-components {inputs.depth}
    find {outputs.folder} -name '*.csv' -size 0 -delete
    """,
    inputs=kwtypes(feed=FlyteFile["tgz"], depth=int),
    output_locs=[OutputLocation(var="folder", var_type=FlyteDirectory, location="feed")],
    requests=SMALL,
    docs=source("ingest"),
)


@task(
    requests=SMALL,
    retries=5,
    timeout=timedelta(minutes=20),
    interruptible=True,
    secret_requests=[WEATHER_TOKEN],
    environment={
        "WEATHER_URL": "https://forecast:made-up-password@weather.example.com/v2/daily",
        "FORECAST_API_TOKEN": "made-up-placeholder-0000",
    },
    docs=source("ingest"),
)
def fetch_weather(shops: list[str], since: datetime, until: datetime, station: str | None = None) -> WeatherFrame:
    """Fetch the weather at every shop.

    Parameters
    ----------
    shops : list[str]
        Codes of the shops.
    since : datetime
        First day.
    until : datetime
        Last day; future days hold the forecast of the weather service.
    station : str or None
        Use this weather station for all shops instead of the nearest one.

    Returns
    -------
    WeatherFrame
        One row per day and shop.
    """
    query = f"?since={since:%Y-%m-%d}&until={until:%Y-%m-%d}&station={station or 'nearest'}"
    with urlopen(os.environ["WEATHER_URL"] + query) as answer:  # noqa: S310
        rows = pd.read_csv(io.BytesIO(answer.read()), parse_dates=["day"])
    return rows[rows["shop"].isin(shops)]


class CheckedSales(NamedTuple):
    """Sales that passed and what did not."""

    sales: SalesFrame
    report: ValidationReport


@task(
    requests=MEDIUM,
    limits=MEDIUM,
    cache=Cache(version="3"),
    enable_deck=True,
    docs=source("ingest"),
)
def validate_sales(
    sales: SalesFrame, feed: FlyteDirectory, max_price: float = 500.0, ignore: dict[str, list[str]] | None = None
) -> CheckedSales:
    """Drop rows that cannot be true.

    A row is dropped when its price is not between zero and the highest believable price, or when
    the supplier's feed does not know the article.

    Parameters
    ----------
    sales : SalesFrame
        What the tills reported.
    feed : FlyteDirectory
        The supplier's list of articles, one CSV file per category.
    max_price : float
        Highest believable price of one unit.
    ignore : dict[str, list[str]] or None
        Articles to leave out, per shop.

    Returns
    -------
    sales : SalesFrame
        The rows that passed.
    report : ValidationReport
        How many rows were dropped, and why.
    """
    known = pd.concat(pd.read_csv(file) for file in Path(feed).iterdir())["article"]
    ignored = {(shop, article) for shop, articles in (ignore or {}).items() for article in articles}
    keys = pd.Series(list(zip(sales["shop"], sales["article"], strict=True)), index=sales.index)
    good = sales["price"].between(0, max_price) & sales["article"].isin(known) & ~keys.isin(list(ignored))
    report = ValidationReport(rows=len(sales), dropped=int((~good).sum()))
    return CheckedSales(sales[good], report)

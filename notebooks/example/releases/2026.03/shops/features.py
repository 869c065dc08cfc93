"""Turn checked tables into features."""

import os
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from flytekit import Cache, Resources, task

from shops.cluster import MEDIUM, SMALL, source
from shops.datatypes import CalendarFrame, FeatureFrame, PriceFrame, PromotionFrame, SalesFrame, WeatherFrame

SUNDAY = 6


class ShopCodes(NamedTuple):
    """The shops and the number each goes by."""

    codes: dict[str, int]
    shops: list[str]


@task(requests=SMALL, interruptible=True, docs=source("features"))
def encode_shops(sales: SalesFrame) -> ShopCodes:
    """Give each shop a number, in the order of their names.

    Parameters
    ----------
    sales : SalesFrame
        Checked sales.

    Returns
    -------
    codes : dict[str, int]
        Number of each shop.
    shops : list[str]
        Names of the shops, sorted.
    """
    names = sorted(sales["shop"].unique())
    return ShopCodes({name: number for number, name in enumerate(names)}, names)


@task(
    requests=SMALL,
    cache=Cache(version="1", ignored_inputs=("request_id",)),
    docs=source("features"),
)
def calendar_features(since: datetime, until: datetime, request_id: str, region: str = "north") -> CalendarFrame:
    """Describe each day: weekday, public holiday, school break.

    Parameters
    ----------
    since : datetime
        First day.
    until : datetime
        Last day.
    request_id : str
        Who asked; does not change the result.
    region : str
        Whose holidays count.

    Returns
    -------
    CalendarFrame
        One row per day.
    """
    print(f"calendar of {region} for request {request_id}")
    days = pd.DataFrame({"day": pd.date_range(since, until)})
    days["weekday"] = days["day"].dt.weekday
    days["holiday"] = days["weekday"] == SUNDAY
    days["school_break"] = days["day"].dt.month.isin([7, 8])
    return days


@task(
    requests=MEDIUM,
    cache=Cache(version="4"),
    environment={"PRICE_OUTLIER_QUANTILE": "0.990"},
    docs=source("features"),
)
def price_features(sales: SalesFrame, promotions: PromotionFrame) -> PriceFrame:
    """Compare each price with the article's usual price.

    Parameters
    ----------
    sales : SalesFrame
        Checked sales.
    promotions : PromotionFrame
        Promotions that run or are planned.

    Returns
    -------
    PriceFrame
        One row per day, shop and article.
    """
    limit = sales["price"].quantile(float(os.environ["PRICE_OUTLIER_QUANTILE"]))
    prices = sales[sales["price"] <= limit].copy()
    prices["relative_price"] = prices["price"] / prices.groupby("article")["price"].transform("median")
    joined = prices.merge(promotions, on=["shop", "article"], how="left")
    running = joined["day"].between(joined["starts"], joined["ends"])
    joined["discount"] = joined["discount"].where(running, 0.0)
    return joined[["day", "shop", "article", "relative_price", "discount"]]


@task(
    requests=Resources(cpu="2", mem="4Gi"),
    limits=Resources(cpu="4", mem="4Gi"),
    cache=Cache(version="2", serialize=True),
    retries=1,
    labels={"team": "forecast"},
    docs=source("features"),
)
def join_features(
    sales: SalesFrame, calendar: CalendarFrame, prices: PriceFrame, weather: WeatherFrame
) -> FeatureFrame:
    """Join all features into one table.

    Parameters
    ----------
    sales : SalesFrame
        Checked sales.
    calendar : CalendarFrame
        Features of the days.
    prices : PriceFrame
        Features of the prices.
    weather : WeatherFrame
        Weather at the shops.

    Returns
    -------
    FeatureFrame
        One row per day, shop and article.
    """
    joined = sales.merge(calendar, on="day").merge(weather, on=["day", "shop"], how="left")
    joined = joined.merge(prices, on=["day", "shop", "article"])
    return joined[[name for name in joined.columns if name not in {"channel", "price", "rain", "school_break"}]]

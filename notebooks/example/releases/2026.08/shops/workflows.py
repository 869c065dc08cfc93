"""The nightly and the weekly run."""

from datetime import datetime, timezone
from functools import partial
from typing import NamedTuple

from flytekit import CronSchedule, LaunchPlan, conditional, map_task, workflow

from shops.datatypes import Channel, FeatureFrame, Metrics, ModelKind, SalesFrame, TrainingConfig
from shops.evaluation import backtest_shop, choose_champion, drift_report, summarise_backtest
from shops.features import calendar_features, encode_shops, join_features, price_features
from shops.ingest import (
    daily_sales,
    download_feed,
    fetch_weather,
    open_promotions,
    unpack_feed,
    validate_sales,
)
from shops.replenishment import forecast_demand, legacy_reorder_points, plan_orders, submit_orders
from shops.reporting import notify_planners, render_report
from shops.training import (
    export_model,
    prepare_tensors,
    train_global_model,
    train_shop_model,
    tune_global_model,
)


@workflow
def ingest_sales(since: datetime, until: datetime, supplier: str = "north-wholesale") -> SalesFrame:
    """Load and check the sales of a period."""
    sold = daily_sales(since=since, until=until)
    archive = download_feed(supplier=supplier, day=until)
    feed = unpack_feed(feed=archive, depth=1)
    return validate_sales(sales=sold, feed=feed).sales


class Prepared(NamedTuple):
    """Features and the shops they are about."""

    features: FeatureFrame
    codes: dict[str, int]
    shops: list[str]


@workflow
def prepare_features(since: datetime, until: datetime, request_id: str = "scheduled") -> Prepared:
    """Compute all features of a period."""
    sales = ingest_sales(since=since, until=until)
    encoded = encode_shops(sales=sales)
    calendar = calendar_features(since=since, until=until, request_id=request_id)
    prices = price_features(sales=sales, promotions=open_promotions(until=until))
    weather = fetch_weather(shops=encoded.shops, since=since, until=until)
    features = join_features(sales=sales, calendar=calendar, prices=prices, weather=weather)
    return Prepared(features, encoded.codes, encoded.shops)


@workflow
def weekly_training(
    since: datetime, until: datetime, config: TrainingConfig, candidates: list[TrainingConfig], folds: int = 4
) -> Metrics:
    """Train all models and judge them on the past."""
    prepared = prepare_features(since=since, until=until)
    drift_report(features=prepared.features, columns=["units", "relative_price", "temperature"])
    tensors = prepare_tensors(features=prepared.features, codes=prepared.codes, config=config)
    trained = train_global_model(tensors=tensors, config=config)
    tune_global_model(tensors=tensors, candidates=candidates)
    export_model(model=trained.model, metrics=trained.metrics, tags={"trigger": "weekly"})
    train = partial(train_shop_model, features=prepared.features, config=config)
    models = map_task(train, concurrency=8)(shop=prepared.shops)
    backtest = partial(backtest_shop, features=prepared.features, folds=folds)
    results = map_task(backtest, concurrency=16)(model=models)
    return summarise_backtest(shops=prepared.shops, results=results).overall


@workflow
def replenish(features: FeatureFrame, champion: ModelKind, safety_days: int, dry_run: bool) -> list[str]:
    """Forecast, plan, report and order."""
    forecast = forecast_demand(features=features, champion=champion)
    legacy_reorder_points(forecast=forecast, safety_days=safety_days)
    channels = [Channel.SHOP, Channel.ONLINE, Channel.MARKETPLACE]
    lines = plan_orders(forecast=forecast, channels=channels, safety_days=safety_days)
    page = render_report(forecast=forecast, orders=lines)
    notify_planners(report=page, planners=["morning-shift"])
    return submit_orders(lines=lines, dry_run=dry_run)


@workflow
def nightly_forecast(
    since: datetime,
    until: datetime,
    challengers: dict[str, Metrics],
    current: ModelKind = ModelKind.GRADIENT_BOOSTING,
    safety_days: int = 3,
) -> list[str]:
    """Order for the coming days; above ten safety days only rehearse."""
    prepared = prepare_features(since=since, until=until)
    champion = choose_champion(current=current, challengers=challengers)
    return (
        conditional("rehearsal")
        .if_(safety_days > 10)  # noqa: PLR2004
        .then(replenish(features=prepared.features, champion=champion, safety_days=safety_days, dry_run=True))
        .else_()
        .then(replenish(features=prepared.features, champion=champion, safety_days=safety_days, dry_run=False))
    )


FIRST_DAY = datetime(2024, 1, 1, tzinfo=timezone.utc)

EVERY_NIGHT = LaunchPlan.get_or_create(
    nightly_forecast,
    name="shops.every_night",
    fixed_inputs={"since": FIRST_DAY, "current": ModelKind.GRADIENT_BOOSTING, "safety_days": 3},
    default_inputs={"challengers": {}},
    schedule=CronSchedule(schedule="0 3 * * *", kickoff_time_input_arg="until"),
)
EVERY_SUNDAY = LaunchPlan.get_or_create(
    weekly_training,
    name="shops.every_sunday",
    fixed_inputs={"since": FIRST_DAY},
    default_inputs={"config": TrainingConfig(), "candidates": [TrainingConfig(seed=1), TrainingConfig(seed=2)]},
    schedule=CronSchedule(schedule="30 5 * * 0", kickoff_time_input_arg="until"),
)

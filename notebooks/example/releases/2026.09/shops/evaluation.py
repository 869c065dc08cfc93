"""Judge the models before one of them decides what is ordered."""

import json
from datetime import timedelta
from typing import NamedTuple

import pandas as pd
from flytekit import Cache, Resources, task

from shops.cluster import MEDIUM, SMALL, source
from shops.datatypes import FeatureFrame, Metrics, ModelKind, ShopModel


@task(
    requests=MEDIUM,
    cache=Cache(version="2"),
    retries=2,
    interruptible=True,
    timeout=timedelta(minutes=45),
    docs=source("evaluation"),
)
def backtest_shop(model: ShopModel, features: FeatureFrame, folds: int) -> Metrics:
    """Replay the past of one shop.

    Parameters
    ----------
    model : ShopModel
        The model of the shop.
    features : FeatureFrame
        All features.
    folds : int
        How many times to step back by one horizon.

    Returns
    -------
    Metrics
        Errors over all folds.
    """
    rows = features[features["shop"] == model.shop].tail(28 * folds)
    level = pd.read_json(str(model.artifact), typ="series")
    errors = rows["weekday"].map(level) - rows["units"]
    return Metrics(
        wape=float(errors.abs().sum() / rows["units"].sum()),
        bias=float(errors.mean()),
        rmse=float((errors**2).mean() ** 0.5),
    )


class Summary(NamedTuple):
    """All backtests in a few numbers."""

    overall: Metrics
    by_shop: dict[str, float]


@task(requests=SMALL, enable_deck=True, docs=source("evaluation"))
def summarise_backtest(shops: list[str], results: list[Metrics]) -> Summary:
    """Average the backtests and rank the shops.

    Parameters
    ----------
    shops : list[str]
        Names of the shops.
    results : list[Metrics]
        Errors, in the order of the shops.

    Returns
    -------
    overall : Metrics
        Mean errors over all shops.
    by_shop : dict[str, float]
        Weighted absolute percentage error of each shop, worst first.
    """
    table = pd.DataFrame([vars(result) for result in results], index=shops)
    overall = Metrics(**table.mean().to_dict())
    ranked = table["wape"].sort_values(ascending=False)
    return Summary(overall, ranked.to_dict())


@task(
    requests=SMALL,
    limits=Resources(cpu="1", mem="2Gi"),
    retries=1,
    enable_deck=True,
    environment={"DRIFT_WINDOW_DAYS": "28"},
    docs=source("evaluation"),
)
def drift_report(features: FeatureFrame, columns: list[str], threshold: float = 0.2) -> str:
    """Compare the last weeks with the weeks before, column by column.

    Parameters
    ----------
    features : FeatureFrame
        All features.
    columns : list[str]
        Columns to compare.
    threshold : float
        Shift, in standard deviations, from which a column is named.

    Returns
    -------
    str
        The shifts as JSON, for the columns above the threshold.
    """
    half = len(features) // 2
    before, after = features.iloc[:half], features.iloc[half:]
    shifts = {name: (after[name].mean() - before[name].mean()) / before[name].std() for name in columns}
    return json.dumps({name: round(shift, 3) for name, shift in shifts.items() if abs(shift) > threshold})


@task(requests=SMALL, cache=Cache(version="1"), docs=source("evaluation"))
def choose_champion(current: ModelKind, challengers: dict[str, Metrics], margin: float = 0.01) -> ModelKind:
    """Choose the kind of model that makes the next forecast.

    Parameters
    ----------
    current : ModelKind
        The reigning champion.
    challengers : dict[str, Metrics]
        Errors by kind of model, the champion's among them.
    margin : float
        A challenger has to be better by this much.

    Returns
    -------
    ModelKind
        The new champion, or the old one.
    """
    best = min(challengers, key=lambda kind: challengers[kind].wape)
    gain = challengers[current.value].wape - challengers[best].wape
    return ModelKind(best) if gain > margin else current

"""What the tasks hand to each other: table columns, choices and records."""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeAlias

import pandas as pd
from flytekit import kwtypes
from flytekit.types.file import FlyteFile

SalesFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(day=datetime, shop=str, article=str, channel=str, units=int, price=float),
]
PromotionFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(shop=str, article=str, starts=datetime, ends=datetime, discount=float),
]
WeatherFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(day=datetime, shop=str, temperature=float, rain=float),
]
CalendarFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(day=datetime, weekday=int, holiday=bool, school_break=bool),
]
PriceFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(day=datetime, shop=str, article=str, relative_price=float, discount=float),
]
FeatureFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(
        day=datetime,
        shop=str,
        article=str,
        units=int,
        weekday=int,
        holiday=bool,
        relative_price=float,
        discount=float,
        temperature=float,
    ),
]
ForecastFrame: TypeAlias = Annotated[
    pd.DataFrame,
    kwtypes(day=datetime, shop=str, article=str, units=float, lower=float, upper=float),
]


class Channel(enum.Enum):
    """Where an article is sold."""

    SHOP = "shop"
    ONLINE = "online"
    MARKETPLACE = "marketplace"


class ModelKind(enum.Enum):
    """The families of models that compete for the next forecast."""

    SEASONAL_NAIVE = "seasonal-naive"
    GRADIENT_BOOSTING = "gradient-boosting"
    TEMPORAL_FUSION = "temporal-fusion"


@dataclass
class OptimizerConfig:
    """How the network is optimised."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    epochs: int = 20


@dataclass
class TrainingConfig:
    """Everything that decides what a training run learns."""

    horizon_days: int = 28
    lags: list[int] = field(default_factory=lambda: [1, 7, 14, 28])
    seed: int = 7
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)


@dataclass
class Metrics:
    """Errors of a model on days it has not seen."""

    wape: float
    bias: float
    rmse: float


@dataclass
class ShopModel:
    """A model of a single shop and how well it did."""

    shop: str
    artifact: FlyteFile
    metrics: Metrics


@dataclass
class ValidationReport:
    """What became of the rows that came in."""

    rows: int
    dropped: int
    remarks: list[str] = field(default_factory=list)


@dataclass
class OrderPolicy:
    """Rules that an order to a supplier has to obey."""

    lead_days: int = 2
    min_order_value: float = 150.0


@dataclass
class OrderLine:
    """One article for one shop."""

    shop: str
    article: str
    quantity: int
    channel: Channel

"""Outputs of every kind on what real projects have: hashes for versions, long names, and the corpus where it is."""

from __future__ import annotations

from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flytetask_nb as ftn
from flytetask_nb.models import Workflow
from flytetask_nb.models.workflows import referring_nodes
from tests.conftest import ROOT, TRUTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
RELEASES = [path.stem for path in sorted(ARCHIVES.glob("*.tgz"))]
PREFIX = "acme_forecasting.demand_planning."
"""Makes names of some sixty characters."""
TRAIN = f"{PREFIX}shops.training.train_global_model"
CORPUS = TRUTH / "corpus"


def hashed(text: str) -> str:
    """Return a version as a project has it that calls its releases by their commits."""
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


def renamed(tasks: ftn.TaskCollection) -> Iterator[ftn.FlyteTask]:
    for task in tasks:
        message = task.to_flyte_idl()
        message.template.id.name = PREFIX + message.template.id.name
        yield ftn.FlyteTask.from_flyte_idl(message)


@cache
def example() -> ftn.TaskCollection:
    """Return the example under hashes and long names."""
    loaded = ftn.load(
        ARCHIVES, version=lambda path: hashed(Path(path).stem), project="forecast-platform", domain="production"
    )
    return ftn.TaskCollection(renamed(loaded)).ordered([hashed(release) for release in RELEASES])


def release(name: str) -> ftn.TaskCollection:
    return example().filter(lambda task: task.id.version == hashed(name))


@cache
def workflows(name: str) -> list[Workflow]:
    found = []
    for workflow in ftn.load_workflows(ARCHIVES / f"{name}.tgz", version=hashed(name)):
        message = workflow.to_flyte_idl()
        for template in (message.template, *message.sub_workflows):
            template.id.name = PREFIX + template.id.name
            for _, reference in referring_nodes(template):
                reference.name = PREFIX + reference.name
        found.append(Workflow.from_flyte_idl(message))
    return found


def versions(name: str) -> ftn.TaskCollection:
    return example().versions(name)


def pair(old: str, new: str, name: str) -> tuple[ftn.FlyteTask, ftn.FlyteTask]:
    return release(old)[PREFIX + name], release(new)[PREFIX + name]


PAIRS = {
    "resources": ("2026.09", "2026.10", "shops.training.train_global_model"),
    "pod": ("2026.06", "2026.07", "shops.training.prepare_tensors"),
    "sql": ("2026.06", "2026.07", "shops.ingest.daily_sales"),
    "types": ("2026.07", "2026.08", "shops.replenishment.plan_orders"),
    "stale": ("2026.04", "2026.05", "shops.features.price_features"),
    "breaking": ("2026.08", "2026.09", "shops.evaluation.summarise_backtest"),
    "noise": ("2026.05", "2026.06", "shops.features.price_features"),
}


def refused() -> ftn.FlyteTask:
    """Return a task that asks for more than it may have."""
    message = release("2026.10")[TRAIN].to_flyte_idl()
    message.template.container.image = ""
    message.template.container.resources.requests[0].value = "1000"
    return ftn.FlyteTask.from_flyte_idl(message)


def of_example() -> dict[str, Callable[[], Any]]:
    """Return what makes each output of the example."""
    cards = ("training.train_global_model", "training.prepare_tensors", "ingest.daily_sales", "ingest.download_feed")
    return {
        "collection": example,
        "versions": lambda: versions(TRAIN),
        **{f"card {name}": lambda name=name: release("2026.10")[f"{PREFIX}shops.{name}"] for name in cards},
        **{f"diff {kind}": lambda three=three: ftn.diff(*pair(*three)) for kind, three in PAIRS.items()},
        "plan": lambda: ftn.plan(
            release("2026.10"), example().filter(lambda task: task.id.version != hashed("2026.10"))
        ),
        "plan 2026.09": lambda: ftn.plan(release("2026.09"), release("2026.08")),
        "plan conflicts": lambda: ftn.plan(
            [task.replace(id=task.id.replace(version=hashed("2026.08"))) for task in release("2026.09")],
            release("2026.08"),
        ),
        "history": lambda: ftn.history(versions(TRAIN)),
        "history breaking": lambda: ftn.history(versions(f"{PREFIX}shops.evaluation.summarise_backtest")),
        "history sql": lambda: ftn.history(versions(f"{PREFIX}shops.ingest.daily_sales")),
        "callers": lambda: ftn.callers(workflows("2026.08"), release("2026.09")),
        "callers unresolved": lambda: ftn.callers(workflows("2026.08"), list(release("2026.09"))[:12]),
        "compatibility": lambda: ftn.compatibility(*pair(*PAIRS["breaking"])),
        "findings": lambda: ftn.check(refused()),
        "workflow": lambda: workflows("2026.08")[0],
        "workflows": lambda: ftn.load_workflows(ARCHIVES / "2026.10.tgz", version=hashed("2026.10")),
        "launch plans": lambda: ftn.load_launch_plans(ARCHIVES / "2026.10.tgz", version=hashed("2026.10")),
        "compare": lambda: ftn.compare(example(), TRAIN),
        "compare two tasks": lambda: ftn.compare(
            release("2026.10")[TRAIN], release("2026.10")[f"{PREFIX}shops.training.train_shop_model"]
        ),
        "compare versions": lambda: ftn.compare(*versions(TRAIN)),
        **{f"compare {kind}": lambda three=three: ftn.compare(pair(*three)) for kind, three in PAIRS.items()},
        "panel": lambda: ftn.panel(example()),
    }


@cache
def corpus(folder: str) -> ftn.TaskCollection:
    return ftn.load(
        CORPUS / folder, version=hashed(folder), project="flytesnacks", domain="development", errors="collect"
    )


@cache
def whole_corpus() -> ftn.TaskCollection:
    folders = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
    return ftn.load(
        CORPUS,
        version=lambda path: hashed(Path(path).parent.name),
        project="flytesnacks",
        domain="development",
        order=[hashed(folder) for folder in folders],
        errors="collect",
    )


def of_corpus() -> dict[str, Callable[[], Any]]:
    """Return what makes each output of the corpus; nothing where that is not at hand."""
    folders = sorted(path.name for path in CORPUS.iterdir() if path.is_dir()) if CORPUS.is_dir() else []
    if not folders:
        return {}
    first, before, last = folders[0], folders[-2], folders[-1]
    named = {
        "spark": "k8s_spark_plugin.pyspark_pi.hello_spark",
        "ray": "ray_plugin.ray_example.ray_task",
        "pod": "productionizing.customizing_resources.",
        "many": "data_types_and_io.",
    }

    def names(part: str) -> list[str]:
        return [name for name in whole_corpus().names if part in name]

    return {
        "corpus collection": whole_corpus,
        "corpus plan": lambda: ftn.plan(corpus(last), corpus(before)),
        "corpus plan of years": lambda: ftn.plan(corpus(last), corpus(first)),
        "corpus callers": lambda: ftn.callers(ftn.load_workflows(CORPUS / before, errors="collect"), corpus(last)),
        "corpus workflows": lambda: ftn.load_workflows(CORPUS / last, errors="collect"),
        "corpus launch plans": lambda: ftn.load_launch_plans(CORPUS / last, errors="collect"),
        **{
            f"corpus {what} {kind}": lambda part=part, make=make: make(whole_corpus().versions(names(part)[0]))
            for kind, part in named.items()
            for what, make in {
                "history": ftn.history,
                "card": lambda tasks: tasks[-1],
                "diff": lambda tasks: ftn.diff(tasks[0], tasks[-1]),
                "versions": lambda tasks: tasks,
                "check": lambda tasks: ftn.check(tasks[-1]),
            }.items()
        },
    }

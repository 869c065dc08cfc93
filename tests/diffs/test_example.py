"""The story that the shipped example tells in its README, line by line."""

from __future__ import annotations

from functools import lru_cache

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT

ARCHIVES = ROOT / "notebooks" / "example" / "archives"


@lru_cache(maxsize=8)
def release(name: str) -> ftn.TaskCollection:
    return ftn.load(str(ARCHIVES / f"{name}.tgz"))


def changed(old: str, new: str, task: str) -> ftn.TaskDiff:
    return ftn.diff(release(old)[f"shops.{task}"], release(new)[f"shops.{task}"])


@pytest.mark.parametrize(
    ("old", "new", "task", "rule", "place"),
    [
        ("2026.03", "2026.04", "replenishment.plan_orders", "input-type-widened", "inputs.safety_days"),
        ("2026.03", "2026.04", "replenishment.plan_orders", "input-added-optional", "inputs.service_level"),
        ("2026.03", "2026.04", "features.join_features", "request-raised", "container.requests.memory"),
        ("2026.03", "2026.04", "ingest.fetch_weather", "retries-raised", "metadata.retries"),
        ("2026.03", "2026.04", "ingest.fetch_weather", "timeout-raised", "metadata.timeout"),
        ("2026.04", "2026.05", "training.train_global_model", "accelerator-changed", "extended_resources.gpu_accelerator.device"),
        ("2026.04", "2026.05", "replenishment.plan_orders", "enum-value-added", "inputs.channels[].values"),
        ("2026.04", "2026.05", "features.price_features", "env-changed", "container.env.PRICE_OUTLIER_QUANTILE"),
        ("2026.05", "2026.06", "reporting.render_report", "variable-description", "inputs.metrics.description"),
        ("2026.06", "2026.07", "features.join_features", "image-repository", "container.image"),
        ("2026.06", "2026.07", "ingest.fetch_weather", "secret-removed", "security_context.secrets.weather-api/token"),
        ("2026.06", "2026.07", "ingest.fetch_weather", "secret-added", "security_context.secrets.weather-service/api-token"),
        ("2026.06", "2026.07", "ingest.daily_sales", "sql-statement", "sql.statement"),
        ("2026.06", "2026.07", "ingest.daily_sales", "cache-version", "metadata.cache_version"),
        ("2026.06", "2026.07", "training.prepare_tensors", "pod-container-changed", "k8s_pod.pod_spec.containers.object-cache.image"),
        ("2026.06", "2026.07", "training.prepare_tensors", "pod-toleration-added", "k8s_pod.pod_spec.tolerations[]"),
        ("2026.06", "2026.07", "training.prepare_tensors", "pod-label-changed", "k8s_pod.metadata.labels.cost-centre"),
        ("2026.06", "2026.07", "replenishment.forecast_demand", "pod-init-container-changed", "k8s_pod.pod_spec.initContainers.fetch-weights.image"),
        ("2026.07", "2026.08", "replenishment.legacy_reorder_points", "deprecated", "metadata.deprecated"),
        ("2026.07", "2026.08", "training.train_global_model", "input-field-added", "inputs.config.optimizer.warmup_steps"),
        ("2026.07", "2026.08", "replenishment.plan_orders", "dataclass-under-union", "inputs.policy.variants[]"),
        ("2026.07", "2026.08", "ingest.fetch_weather", "output-column-added", "outputs.o0.columns.wind"),
        ("2026.07", "2026.08", "features.join_features", "input-column-added", "inputs.weather.columns.wind"),
        ("2026.07", "2026.08", "features.calendar_features", "cache-version", "metadata.cache_version"),
        ("2026.08", "2026.09", "features.join_features", "fast-registration-on", "container.args"),
        ("2026.08", "2026.09", "evaluation.summarise_backtest", "output-removed", "outputs.worst_shops"),
        ("2026.08", "2026.09", "evaluation.summarise_backtest", "input-removed", "inputs.worst"),
        ("2026.08", "2026.09", "replenishment.submit_orders", "input-added", "inputs.approved_by"),
        ("2026.08", "2026.09", "features.join_features", "limit-raised", "container.limits.memory"),
        ("2026.09", "2026.10", "training.train_global_model", "accelerator-changed", "extended_resources.gpu_accelerator.partition_size"),
        ("2026.09", "2026.10", "training.train_global_model", "shared-memory-changed", "extended_resources.shared_memory.size_limit"),
        ("2026.09", "2026.10", "training.train_global_model", "request-raised", "container.requests.memory"),
        ("2026.09", "2026.10", "evaluation.choose_champion", "input-renamed", "inputs.min_gain"),
        ("2026.09", "2026.10", "replenishment.forecast_demand", "timeout-lowered", "metadata.timeout"),
        ("2026.09", "2026.10", "training.train_shop_model", "interruptible", "metadata.interruptible"),
        ("2026.09", "2026.10", "ingest.fetch_weather", "env-changed", "container.env.WEATHER_URL"),
    ],
)  # fmt: skip
def test_the_story_is_told(old: str, new: str, task: str, rule: str, place: str) -> None:
    assert (rule, place) in [(change.rule, change.place) for change in changed(old, new, task).changes]


def test_a_forgotten_cache_version_makes_a_headline() -> None:
    found = changed("2026.04", "2026.05", "features.price_features")
    assert found.cache.verdict == "unchanged"
    assert found.cache.stale_risk
    assert found.cache.before == found.cache.after
    assert found.headlines[0].startswith("Old results may be served for new code")
    assert "container.env.PRICE_OUTLIER_QUANTILE" in found.headlines[0]


def test_a_new_cache_version_makes_none() -> None:
    found = changed("2026.06", "2026.07", "ingest.daily_sales")
    assert found.cache.verdict == "invalidated"
    assert not found.cache.stale_risk


def test_a_release_without_changes_is_noise_alone() -> None:
    """In 2026.06 nothing but image tags changed, one docstring aside."""
    names = [name for name in release("2026.05").names if "render_report" not in name]
    found = [ftn.diff(release("2026.05")[name], release("2026.06")[name]) for name in names]
    assert [repr(one) for one in found if one] == []
    assert {change.rule for one in found for change in one.noise} == {"image-release-tag", "serialization-settings"}


def test_passwords_are_masked_in_every_output() -> None:
    found = changed("2026.09", "2026.10", "ingest.fetch_weather")
    outputs = (
        *(found.to_text(), found.to_html(), found.to_markdown(), repr(found), repr(found.changes)),
        *(str(found.to_dict()), found.to_frame().to_csv()),
    )
    (change,) = found.changes
    password = change.old.split("forecast:")[1].split("@")[0]
    assert [text for text in outputs if password in text] == []
    with ftn.set_options(reveal_secrets=True):
        assert password in found.to_text()


def test_verdict_comes_first_and_amounts_tell_their_ratio() -> None:
    lines = changed("2026.08", "2026.09", "features.join_features").to_text().splitlines()
    assert "cache:" in lines[1]
    assert any("− 8Gi → + 16Gi (2×)" in line for line in lines)

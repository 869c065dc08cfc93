"""Amounts in Spark's configuration, each in the unit of its key."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.semantics.spark_conf import notation_of

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("spark.executor.memory", "2g", 2 * GIB),
        ("spark.executor.memory", "2GB", 2 * GIB),
        ("spark.executor.memory", " 2g ", 2 * GIB),
        ("spark.executor.memory", "512", 512 * MIB),
        ("spark.executor.memory", "1536k", MIB),
        ("spark.driver.memoryOverhead", "1t", 1024 * GIB),
        ("spark.memory.offHeap.size", "512", 512),
        ("spark.kryoserializer.buffer", "64", 64 * KIB),
        ("spark.sql.autoBroadcastJoinThreshold", "-1", -1),
        ("spark.executor.cores", "4", 4),
        ("spark.kubernetes.executor.request.cores", "500m", Fraction(1, 2)),
        ("spark.executor.resource.gpu.amount", "2", 2),
        ("spark.task.resource.gpu.amount", "0.25", Fraction(1, 4)),
        ("spark.dynamicAllocation.enabled", "TRUE", 1),
        ("spark.network.timeout", "2min", 120),
        ("spark.executor.heartbeatInterval", "500", Fraction(1, 2)),
    ],
)
def test_amounts_are_exact(key: str, text: str, expected: Fraction) -> None:
    """In bytes, cores, seconds or pieces; what is finer than the key's unit is cut off, as Java does."""
    notation = notation_of(key)
    assert notation is not None
    assert notation.read(text) == expected


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("spark.executor.memory", "8Gi"),
        ("spark.executor.memory", "1.5g"),
        ("spark.executor.memory", "1 g"),
        ("spark.executor.memory", ""),
        ("spark.executor.memory", "g"),
        ("spark.executor.cores", "1.5"),
        ("spark.executor.instances", "many"),
        ("spark.executor.resource.gpu.amount", "0.5"),
        ("spark.kubernetes.driver.limit.cores", "one"),
        ("spark.dynamicAllocation.enabled", "yes"),
        ("spark.network.timeout", "2 min"),
        ("spark.task.resource.gpu.amount", "half"),
    ],
)
def test_what_spark_refuses_has_no_value(key: str, text: str) -> None:
    """Neither a unit of Kubernetes nor a fraction is one of Spark's."""
    notation = notation_of(key)
    assert notation is not None
    assert notation.read(text) is None
    assert notation.expected


@pytest.mark.parametrize("key", ["spark.app.name", "spark.executor.memoryoverhead", "executor.memory", "spark.jars"])
def test_other_keys_hold_no_amount(key: str) -> None:
    """Capitals count."""
    assert notation_of(key) is None


@given(st.integers(0, 2**40), st.sampled_from("bkmgtp"))
def test_a_unit_is_a_power_of_1024(number: int, unit: str) -> None:
    """In whole bytes nothing is cut off."""
    notation = notation_of("spark.driver.maxResultSize")
    assert notation is not None
    assert notation.read(f"{number}{unit}") == number * 1024 ** "bkmgtp".index(unit)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.errors import QuantityError
from flytetask_nb.semantics.limits import effective_resources
from flytetask_nb.semantics.quantities import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable


def texts(amounts: dict[str, Quantity]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


def test_every_vector_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """Requests and limits are those that Flyte gives the container."""
    wrong = []
    for case in cases("effective-resources.jsonl"):
        requests, limits = effective_resources(
            case["requests"], case["limits"], case["platform_defaults"], case["platform_limits"]
        )
        if (texts(requests), texts(limits)) != (case["effective_requests"], case["effective_limits"]):
            wrong.append((case, texts(requests), texts(limits)))
    assert wrong == []


def test_a_limit_alone_is_the_request_too() -> None:
    """What may be used is also asked for."""
    assert effective_resources({}, {"cpu": "1"}) == ({"cpu": Quantity("1")}, {"cpu": Quantity("1")})


def test_what_only_the_platform_knows_is_left_out() -> None:
    """Without the platform's defaults nothing is said about what the task does not ask for."""
    assert effective_resources({"memory": "1Gi"}, {})[0] == {"memory": Quantity("1Gi")}


def test_without_configuration_flytes_own_defaults_apply() -> None:
    """An empty configuration stands for 1 cpu and 1Gi memory."""
    expected = {"cpu": Quantity("1"), "memory": Quantity("1Gi")}
    assert effective_resources({}, {}, platform_defaults={}) == (expected, expected)


def test_zero_counts_as_absent() -> None:
    """A zero asks for nothing, even for storage and GPUs."""
    assert effective_resources({"cpu": "0", "ephemeral-storage": "0", "gpu": 0}, {"cpu": "0m"}) == ({}, {})


def test_the_platform_limit_cuts_request_and_limit() -> None:
    """Nobody gets more than the platform grants."""
    requests, limits = effective_resources({"cpu": "4"}, {"cpu": "8"}, platform_limits={"cpu": "2"})
    assert (requests["cpu"], limits["cpu"]) == (Quantity("2"), Quantity("2"))


def test_gpu_is_called_by_its_kubernetes_name() -> None:
    """Flyte renames ``gpu``."""
    assert effective_resources({"gpu": "1"}, {})[0] == {"nvidia.com/gpu": Quantity("1")}


def test_resources_that_flyte_does_not_adjust_pass() -> None:
    """A resource of another vendor stays as it was asked for."""
    assert effective_resources({"amd.com/gpu": 2}, {}) == ({"amd.com/gpu": Quantity(2)}, {})


def test_beside_a_pod_template_only_what_the_task_says_is_certain() -> None:
    """What it leaves out may be the template's, and neither the other side nor the platform takes its place."""
    asked: Any = ({"cpu": "1"}, {"memory": "2Gi"}, {"cpu": "4", "memory": "8Gi"}, {"memory": "1Gi"})
    requests, limits = effective_resources(*asked, pod_template_name="big")
    assert (texts(requests), texts(limits)) == ({"cpu": "1"}, {"memory": "1Gi"})


AMOUNTS = st.dictionaries(
    st.sampled_from(["cpu", "memory", "ephemeral-storage", "gpu", "amd.com/gpu"]), st.sampled_from(["0", "1", "3"])
)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_platform_s_defaults_never_show_beside_a_pod_template(
    requests: Any, limits: Any, defaults: Any, others: Any, most: Any
) -> None:
    """Whatever they are, the answer is the same, and it names nothing that the task does not."""
    found = effective_resources(requests, limits, defaults, most, "big")
    assert found == effective_resources(requests, limits, others, most, "big")
    for asked, got in zip((requests, limits), found, strict=True):
        assert set(got) <= {"nvidia.com/gpu" if name == "gpu" else name for name in asked}
        # What is certain beside a template is the same without one.
        without = effective_resources(requests, limits, defaults, most)[0 if asked is requests else 1]
        assert got.items() <= without.items()


def test_an_error_names_the_resource() -> None:
    """Whoever reads the error knows where to look."""
    with pytest.raises(QuantityError, match=r"^limits\['memory'\]: '1gb' "):
        effective_resources({}, {"memory": "1gb"})

"""Tasks of a cluster as a source, by their address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from flytetask_nb.sources.registered_tasks import AdminAddress, admin_address
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
TASK = "shops.training.train_global_model"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ftn.sandbox() as admin:
        for version in ("2026.09", "2026.10"):
            admin.load(ARCHIVES / f"{version}.tgz", project="flytesnacks", domain="development", version=version)
        yield admin.endpoint


@pytest.fixture(autouse=True)
def configured(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYTE_PLATFORM_URL", endpoint)
    monkeypatch.setenv("FLYTE_PLATFORM_INSECURE", "true")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("admin://host:81/p/d", AdminAddress("host:81", "p", "d")),
        ("admin:///p/d/shop.f", AdminAddress("", "p", "d", "shop.f")),
        ("admin:///p/d/shop.f@v1", AdminAddress("", "p", "d", "shop.f", "v1")),
        ("admin:///p/d/shop.f@a@b/c", AdminAddress("", "p", "d", "shop.f", "a@b/c")),
        ("admin:///p/d/", AdminAddress("", "p", "d")),
    ],
)
def test_addresses(address: str, expected: AdminAddress) -> None:
    assert admin_address(address) == expected


@pytest.mark.parametrize("address", ["admin://", "admin://host", "admin://host/p", "admin:///p/", "admin:////d"])
def test_a_wrong_address_says_what_is_expected(address: str) -> None:
    with pytest.raises(ftn.LoadError, match=r"expected admin://\[endpoint\]/project/domain"):
        ftn.load(address)


def test_all_tasks_one_task_one_version() -> None:
    remote = ftn.connect()
    everything = ftn.load("admin:///flytesnacks/development")
    assert everything == remote.list_tasks("flytesnacks", "development")
    assert everything.order == "created_at"
    versions = ftn.load(f"admin:///flytesnacks/development/{TASK}")
    assert [task.id.version for task in versions] == ["2026.09", "2026.10"]
    one = ftn.load_task(f"admin:///flytesnacks/development/{TASK}@2026.09")
    assert one == remote.fetch_task("flytesnacks", "development", TASK, "2026.09")
    assert one.created_at is not None


def test_beside_files(endpoint: str) -> None:
    both = ftn.load([ARCHIVES / "2026.10.tgz", f"admin://{endpoint}/flytesnacks/development/{TASK}"])
    assert len(both) == len(ftn.load(ARCHIVES / "2026.10.tgz")) + 2


def test_what_goes_wrong_is_told_as_of_any_source() -> None:
    with pytest.raises(ftn.LoadError, match="no task"):
        ftn.load("admin:///flytesnacks/development/no.such.task")
    failures = ftn.load("admin:///flytesnacks/development/no.such.task", errors="collect").failures
    assert len(failures) == 1
    with pytest.raises(ftn.LoadError, match="only tasks are read"):
        ftn.load_workflows("admin:///flytesnacks/development")

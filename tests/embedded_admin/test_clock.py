"""The server's time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import flytetask_nb as ftn
from tests.conftest import ROOT

ARCHIVE = ROOT / "notebooks" / "example" / "archives" / "2026.03.tgz"


def test_a_clock_of_one_s_own_dates_what_is_registered() -> None:
    """What is registered at the same moment is told apart by microseconds."""
    moment = datetime(2026, 3, 1, tzinfo=timezone.utc)
    with ftn.sandbox(projects=["forecast"], clock=lambda: moment) as admin:
        admin.load(ARCHIVE, project="forecast", domain="production", version="v1")
        with ftn.connect(admin.endpoint, insecure=True, project="forecast", domain="production") as remote:
            times = [task.created_at for task in remote.list_tasks()]
    assert len(set(times)) == len(times)
    assert all(time is not None and moment <= time < moment + timedelta(milliseconds=1) for time in times)


def test_a_task_of_a_server_is_not_said_to_be_unregistered() -> None:
    with ftn.sandbox(projects=["forecast"]) as admin:
        admin.load(ARCHIVE, project="forecast", domain="production", version="v1")
        with ftn.connect(admin.endpoint, insecure=True, project="forecast", domain="production") as remote:
            shown = remote.fetch_task("forecast", "production", "shops.features.encode_shops").to_text()
    assert "not registered yet" not in shown

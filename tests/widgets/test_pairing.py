"""The state behind a comparison."""

from __future__ import annotations

import pytest

import flytetask_nb as ftn
from flytetask_nb.widgets.pairing import PairSelection


def test_the_newest_two_versions_come_first(releases: ftn.TaskCollection, train: str) -> None:
    selection = PairSelection(releases, train)
    assert selection.pair == ("2026.09", "2026.10")
    assert selection.versions == tuple(releases.versions(train).column("version"))


def test_a_task_with_one_version_is_compared_with_itself(releases: ftn.TaskCollection) -> None:
    selection = PairSelection(releases[:1])
    assert selection.pair == ("2026.03", "2026.03")
    assert selection.diff is not None
    assert not selection.diff


def test_nothing_is_compared_where_there_is_no_task() -> None:
    selection = PairSelection(ftn.TaskCollection())
    assert (selection.name, selection.pair, selection.diff) == ("", (), None)


def test_the_diff_is_that_of_the_pair(releases: ftn.TaskCollection, train: str) -> None:
    selection = PairSelection(releases, train)
    selection.pair = ("2026.03", "2026.06")
    versions = releases.versions(train)
    assert selection.diff is not None
    assert selection.diff.to_dict() == ftn.diff(versions[0], versions[3]).to_dict()


def test_swapping_compares_in_the_other_direction(releases: ftn.TaskCollection, train: str) -> None:
    selection = PairSelection(releases, train)
    before = selection.diff
    selection.swap()
    assert before is not None
    assert selection.diff is not None
    assert selection.pair == ("2026.10", "2026.09")
    assert selection.diff.to_dict() == before.reversed().to_dict()


@pytest.mark.parametrize(
    ("pair", "error"),
    [
        (("2026.03",), ftn.errors.ModelValueError),
        (("2026.03", "never"), ftn.errors.TaskNotFoundError),
        ((), ftn.errors.ModelValueError),
    ],
)
def test_a_pair_that_cannot_be_compared_changes_nothing(
    releases: ftn.TaskCollection, train: str, pair: tuple[str, ...], error: type[Exception]
) -> None:
    selection = PairSelection(releases, train)
    with pytest.raises(error):
        selection.pair = pair
    assert selection.pair == ("2026.09", "2026.10")


def test_an_unknown_name_is_refused(releases: ftn.TaskCollection, train: str) -> None:
    with pytest.raises(ftn.errors.TaskNotFoundError, match="nobody"):
        PairSelection(releases, "nobody")
    selection = PairSelection(releases, train)
    with pytest.raises(ftn.errors.TaskNotFoundError, match="nobody"):
        selection.name = "nobody"
    assert selection.name == train


@pytest.mark.parametrize("trait", ["severity", "part"])
def test_an_unknown_filter_is_refused(releases: ftn.TaskCollection, trait: str) -> None:
    with pytest.raises(ftn.errors.ModelValueError, match=f"{trait} cannot be 'much'"):
        setattr(PairSelection(releases), trait, "much")


def test_filters_keep_what_is_as_severe_of_that_part(releases: ftn.TaskCollection, train: str) -> None:
    selection = PairSelection(releases, train)
    selection.pair = ("2026.03", "2026.10")
    compared = selection.diff
    assert compared is not None
    everything = (*compared.changes, *compared.noise)
    assert {change.severity for change in everything} >= {"breaking", "behaviour", "noise"}
    assert all(map(selection.keeps, everything))
    selection.severity = "risky"
    selection.noise = False
    assert {change.severity for change in everything if selection.keeps(change)} <= {"breaking", "risky"}
    selection.severity = "all"
    selection.part = "Interface"
    assert {change.part for change in everything if selection.keeps(change)} == {"Interface"}


def test_other_tasks_keep_the_pair_where_they_can(releases: ftn.TaskCollection, train: str) -> None:
    selection = PairSelection(releases, train)
    selection.pair = ("2026.03", "2026.04")
    selection.tasks = releases.versions(train)[:3]
    assert selection.pair == ("2026.03", "2026.04")
    selection.tasks = releases.versions(train)[3:]
    assert selection.pair == ("2026.09", "2026.10")


def test_tasks_of_two_domains_are_two_names(releases: ftn.TaskCollection, train: str) -> None:
    """Versions of one domain are not compared with those of the other."""
    placed = [
        task.replace(project="shop", domain=domain)
        for domain, versions in (
            ("development", releases.versions(train)),
            ("production", releases.versions(train)[:3]),
        )
        for task in versions
    ]
    selection = PairSelection(ftn.TaskCollection(placed))
    assert (selection.name, selection.pair) == (f"shop/development/{train}", ("2026.09", "2026.10"))
    selection.name = f"shop/production/{train}"
    assert selection.pair == ("2026.04", "2026.05")
    with pytest.raises(ftn.errors.TaskNotFoundError, match="in 2 places"):
        selection.name = train

"""Versions in few characters: never two alike, and nothing shortened that a person chose."""

from __future__ import annotations

from hashlib import sha1

from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.views.labels import short_versions

SHAS = [sha1(str(number).encode(), usedforsecurity=False).hexdigest() for number in range(300)]


def test_a_hash_is_shortened_as_git_does() -> None:
    assert list(short_versions(SHAS[:1]).values()) == [SHAS[0][:7]]
    near = SHAS[0][:9] + "0" * 31
    assert short_versions([SHAS[0], near]) == {near: near[:10], SHAS[0]: SHAS[0][:10]}


def test_releases_stay_whole() -> None:
    for version in ("2026.10", "v12", "1.0.0rc1", "20261003123000", "a" * 16, "deadbeef", "", "{{ .version }}"):
        assert short_versions([version]) == {version: version}


def test_flytekits_own_versions_are_hashes() -> None:
    assert short_versions(["Nwm3kGQ0AUIxm0eJLOyWxA=="]) == {"Nwm3kGQ0AUIxm0eJLOyWxA==": "Nwm3kGQ"}


def test_long_names_keep_the_end_that_tells_them_apart() -> None:
    names = ["forecast-production-2026.10", "forecast-production-2026.11"]
    assert list(short_versions(names).values()) == ["…2026.10", "…2026.11"]
    assert list(short_versions(["experiment-of-monday-evening"]).values()) == ["experiment-of-m…"]


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(SHAS), st.text("0123456789abcdef", max_size=40))))
def test_no_two_versions_have_one_label(versions: list[str]) -> None:
    labels = short_versions(versions)
    assert set(labels) == set(versions)
    assert len(set(labels.values())) == len(labels)
    assert all(len(label) <= max(len(version), 7) for version, label in labels.items())

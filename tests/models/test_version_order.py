"""Which version is newer: by an order that is given, by time, by the versions themselves, else as they come."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flytetask_nb.models.order import Rank
from flytetask_nb.models.version_order import ORDERS, by_age, in_words, order_of, version_label
from flytetask_nb.models.version_schemes import version_keys

MOMENT = datetime(2026, 3, 1, tzinfo=timezone.utc)
HEX = st.text(st.sampled_from("0123456789abcdef"), min_size=4, max_size=40)


def aged(versions: list[str], times: list[Any] | None = None, ranks: list[Any] | None = None) -> tuple[list[str], str]:
    """Return versions in order of age, and what that rests on."""
    nothing = [None] * len(versions)
    positions, order = by_age(versions, times or nothing, ranks or nothing)
    return [versions[position] for position in positions], order


# -- schemes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "versions",
    [
        "1.0.0rc1 1.0.0",
        "1.0.0-rc.1 1.0.0",
        "1.0.dev3 1.0",
        "v1.16.0-b3 v1.16.0",
        "v2 v9 v10",
        "1.9 1.10 1.10.1 2.0",
        "1 2 10",
        "1.0.dev3 1.0a1.dev2 1.0a1 1.0b1 1.0rc1 1.0 1.0.post1.dev3 1.0.post1",
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0",
        "1.0.0-SNAPSHOT 1.0.0",
        "1.0.0-nightly.9 1.0.0-nightly.10 1.0.0",
        "v1.2.3 v1.2.3-14-g2414721 v1.2.4-rc1",
        "1.2.3 1.2.4.dev14+g2414721 1.2.4.dev15+g1234567 1.2.4",
        "1.1+g12ab 1.2+g12ab,dirty",
        "2026.3 2026.10 2026.11.1",
        "2026-03-01 2026-10-01",
        "2026-03 2026-10",
        "20260301 20261001",
        "20260301.2 20260301.10 20260302",
        "20260301093000 20260301143000",
        "2026-03-01T09:30:00Z 2026-03-01T14:30:00Z",
        "2026-03-01a 2026-03-01b",
        "2026-03-c9b2c44d 2026-04-1234567 2026-11-12b2c44d",
        "nightly-20260301 nightly-20260401",
        "build-999 build-1042",
        "basics-v1 basics-v2 basics-v10",
        "release/1.2 release/1.10",
        "1.0.0-1 1.0.0-2",
    ],
)
def test_versions_of_one_scheme_tell_their_order(versions: str) -> None:
    expected = versions.split()
    assert aged(expected[::-1]) == (expected, "version")
    assert aged(sorted(expected)) == (expected, "version")


@pytest.mark.parametrize(
    "versions",
    [
        # Hashes, whatever they look like.
        "1234567 7654321",
        "1234567890123456789012345678901234567890 0234567890123456789012345678901234567891",
        "e3 e10",
        "1e10 2e3",
        "3b12 4c3",
        "12ab 34cd",
        "v1a23456 v2b34567",
        "v1234567 v7654321",
        "sha-1234 sha-0234",
        "git-0b350cd3 git-c9b2c44d",
        "JiepXcXB3SiEJ8pwYDy-7g== 9Odi8ySr9dqy8iIEG86yew==",
        # Numbers that may as well be hashes.
        "1041 1042",
        # One odd version among releases.
        "1.0.0 1.1.0 abc1234",
        "1.0.0 1.1.0 1234567",
        "1.0.0 1.1.0 latest",
        "v1 v2 main",
        "1.0.0 12",
        # Two words, two kinds.
        "release-1 build-2",
        "1.0.0 2026-03-01",
        # What differs has no order.
        "1.0.0-0b350cd 1.0.0-c9b2c44",
        "1.0.0-0003 1.0.0-003b",
        "1.0+gabcdef1 1.0+g0123456",
        "2026-03-c9b2c44d 2026-03-1234567",
        "1.0 1.0.0",
        "1.0.0-dirty 1.0.0",
        # PEP 440 and semantic versioning disagree.
        "1.0.0 1.0.0-1",
    ],
)
def test_other_versions_tell_none(versions: str) -> None:
    given_ = versions.split()
    assert aged(given_) == (given_, "loading")
    assert aged(given_[::-1]) == (given_[::-1], "loading")


@pytest.mark.parametrize("unsaid", ["", "{{ registration.version }}", " ", "\u0661.\u0662", "1.0\n", "x" * 5_000])
def test_what_is_no_version_makes_no_scheme(unsaid: str) -> None:
    assert aged(["v2", unsaid, "v1"]) == (["v2", unsaid, "v1"], "loading")


@given(st.lists(HEX, min_size=2, max_size=6, unique=True))
def test_hashes_tell_no_order(hashes: list[str]) -> None:
    """Neither long nor shortened ones, be they of digits alone; what all are dates may be dates."""
    assume(not all(text.isdigit() and text[:2] in {"19", "20"} for text in hashes))
    assert aged(hashes) == (hashes, "loading")


@given(st.lists(HEX, min_size=1, max_size=3, unique=True), st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_a_hash_among_releases_leaves_no_order(hashes: list[str], numbers: list[int]) -> None:
    versions = [*(f"1.{number}.0" for number in dict.fromkeys(numbers)), *hashes]
    assert aged(versions) == (versions, "loading")


RELEASES = st.lists(st.integers(0, 12), min_size=2, max_size=4).map(lambda parts: ".".join(map(str, parts)))
PEP_440 = st.tuples(
    st.sampled_from(["", "", "v", "1!"]),
    RELEASES,
    st.sampled_from(["", "", "a1", "b2", "rc1", ".rc3", "-alpha.2", "_beta_1", "c4", "preview5"]),
    st.sampled_from(["", "", ".post1", "-r4", ".rev2"]),
    st.sampled_from(["", "", ".dev1", "-dev7", ".dev"]),
    st.sampled_from(["", "", "+local.2", "+1", "+ubuntu1"]),
).map("".join)


@given(st.lists(PEP_440, min_size=2, max_size=5, unique=True))
def test_releases_are_ordered_as_pythons_are(texts: list[str]) -> None:
    """As the library ``packaging`` orders them, wherever it tells them apart."""
    versions = pytest.importorskip("packaging.version")
    assume(len({versions.Version(text) for text in texts}) == len(texts))
    keys = version_keys(texts)
    assume(keys is not None)
    assert keys is not None
    assert sorted(texts, key=keys.__getitem__) == sorted(texts, key=versions.Version)


SEMANTIC = st.tuples(
    st.lists(st.integers(0, 12), min_size=3, max_size=3).map(lambda parts: ".".join(map(str, parts))),
    st.lists(st.sampled_from(["alpha", "beta", "rc", "next", "1", "2", "11"]), max_size=3).filter(
        lambda names: not names or not names[0].isdigit()
    ),
).map(lambda parts: "-".join(filter(None, [parts[0], ".".join(parts[1])])))


@given(st.lists(SEMANTIC, min_size=2, max_size=5, unique=True))
def test_releases_are_ordered_as_semantic_versions_are(texts: list[str]) -> None:
    semver = pytest.importorskip("semver")
    keys = version_keys(texts)
    assert keys is not None
    assert sorted(texts, key=keys.__getitem__) == sorted(texts, key=semver.Version.parse)


@given(st.lists(st.text(max_size=12), max_size=5, unique=True))
def test_any_texts_have_keys_that_compare_or_none(texts: list[str]) -> None:
    keys = version_keys(texts)
    if keys is not None:
        ordered = sorted(texts, key=keys.__getitem__)
        assert all(keys[one] < keys[other] for one, other in pairwise(ordered))


@pytest.mark.parametrize(
    "text", ["1.0" + "a" * 190 + "!", "1." * 99, "v" + "1-" * 99, "a-" * 90 + "1", "2026-03-" + "01t" * 60]
)
def test_long_versions_take_no_time(text: str) -> None:
    """No text makes the patterns try every way to split it."""
    start = time.process_time()
    version_keys([text, "1.0"])
    assert time.process_time() - start < 0.5


# -- what comes first ------------------------------------------------------------------------------------------------


def test_times_come_before_versions() -> None:
    times = [MOMENT + timedelta(days=days) for days in (3, 1, 2)]
    assert aged(["v1", "v3", "v2"], times) == (["v3", "v2", "v1"], "created_at")


def test_versions_of_one_time_follow_each_other_as_they_tell() -> None:
    assert aged(["v10", "v9"], [MOMENT, MOMENT]) == (["v9", "v10"], "created_at")
    assert aged(["e3b0c44", "a1b2c3d"], [MOMENT, MOMENT]) == (["e3b0c44", "a1b2c3d"], "created_at")


def test_times_count_only_where_all_have_them() -> None:
    assert aged(["v2", "v1"], [MOMENT, None]) == (["v1", "v2"], "version")


def test_an_order_that_is_given_comes_before_times() -> None:
    ranks = [Rank("one", place) for place in (1, 2, 0)]
    times = [MOMENT + timedelta(days=days) for days in range(3)]
    assert aged(["v1", "v2", "v3"], times, ranks) == (["v3", "v1", "v2"], "given")


@pytest.mark.parametrize("other", [None, Rank("other", 0)])
def test_places_in_two_orders_say_nothing_of_each_other(other: Rank | None) -> None:
    assert aged(["v2", "v1"], ranks=[Rank("one", 0), other]) == (["v1", "v2"], "version")


def test_what_an_order_rests_on_is_said_in_words() -> None:
    assert [in_words(order) for order in ORDERS] == [
        "in the order given",
        "ordered by created_at",
        "ordered by version",
        "by load order: nothing tells which is older",
    ]
    assert order_of([], [], are_dated=False) == "loading"


@pytest.mark.parametrize(
    ("version", "source", "label"),
    [
        ("v1", "a.tgz", "v1"),
        ("", "/x/2026.03.tgz!0_a_1.pb", "2026.03"),
        ("{{ registration.version }}", r"C:\x\r1.tar.gz", "r1"),
        ("", None, "(no version)"),
    ],
)
def test_what_has_no_version_is_called_by_its_file(version: str, source: str | None, label: str) -> None:
    assert version_label(version, source) == label

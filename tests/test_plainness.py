"""What is called plain at a glance holds no secret for any of the ways of masking."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flytetask_nb.masking import doubtful_among, gate, shapes
from flytetask_nb.masking.plainness import has_no_shape, has_plain_signs, is_plain
from flytetask_nb.masking.texts import _mask_json, _secrets, _without, mask_looks
from tests.labelled_secrets import FOLDER, samples

FORMS = (*shapes._CERTAIN, *shapes._LIKELY, shapes._DRAWN, *shapes._HOOKS)
"""Expressions that a token matches."""

PIECES = st.sampled_from(
    "password token secret_key PWD key auth ghp_ github_pat_ xoxb-1 eyJ hooks.slack.com /webhooks/ sk- hf_ pypi- user bob "
    "shops.train 0_ _1.pb .tgz s3 https memory http :// : :: @ ! / // . - _ , ; # & ? % * ^ = ' \" ( { < | $ \\ \n \t + ~ "
    "A1b2C3d4E5f6 0123456789 abcdefghijklmnop 860b6f04acef24901650c1189103e2fe ABCDEFGHIJ a1 Z é \u212a \ud800".split(
        " "
    )
)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join) | st.text()


MANY = [f"shops.train_{number}" for number in range(500)]


def fully_masked(text: str) -> str:
    """Return a text masked without looking whether it is plain."""
    if text[:1] in tuple("{[") and text.rstrip()[-1] in "}]":
        return _mask_json(text)
    return _without(text, _secrets(text))


def hold(text: str) -> None:
    """Check all that may be said of a text."""
    if is_plain(text):
        assert has_plain_signs(text)
        assert fully_masked(text) == text
    if has_plain_signs(text):
        assert _without(text, shapes.shapes_in(text)) == fully_masked(text)
    if has_no_shape(text):
        assert list(shapes.shapes_in(text)) == []


@given(TEXTS)
@example("github_pat_" + "a_" * 12)
@example("shops.train!0_1.pb")
@example("s3://bob:password@host")
def test_plain_texts_hold_no_secret(text: str) -> None:
    hold(text)


@pytest.mark.parametrize("form", FORMS)
def test_no_token_is_plain(form: str) -> None:
    """Whatever a form matches, wherever it stands: a new form needs a mark, unless it has a long run of letters."""

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(rf"\A(?:{form})\Z"), st.sampled_from(("", "release.tgz!0_", "s3://lake/", "a/", "x.")))
    def held(token: str, before: str) -> None:
        hold(before + token)
        hold(before + token.replace("+", "/").replace("=", "-"))
        # The first look finds whatever a closer one does.
        assert re.search(shapes.SHAPES, before + token) or not list(shapes.shapes_in(before + token))
        assert re.search(gate.SUSPICIOUS, before + token) or mask_looks(before + token) == before + token

    held()


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_no_labelled_secret_is_plain(name: str) -> None:
    for sample in samples(name):
        hold(sample.text)


@given(st.lists(TEXTS, max_size=6))
@example(["a", "b\nc"])
@example([""])
@example(["a" * 30, "b", "s3://c", "a:b"])
def test_many_texts_are_as_plain_as_each(texts: list[str]) -> None:
    """Of many texts, which Arrow searches, none is plain that holds a secret."""
    doubtful = doubtful_among([*texts, *MANY])
    assert doubtful.isdisjoint(MANY)
    assert all(fully_masked(text) == text for text in set(texts) - doubtful)


def test_a_suspect_behind_many_others_counts() -> None:
    digest = "860b6f04acef24901650c1189103e2fe"
    texts = [*(f"a.tgz!{n}_{digest}" for n in range(500)), "xoxb-1_a_b_c_d_e_f", "shops.train"]
    assert set(texts) - doubtful_among(texts) == {"shops.train"}


def test_usual_names_are_plain() -> None:
    """What names tasks, files and images is mostly plain."""
    usual = [
        "release.tgz!0_shops.evaluation.backtest_shop_0_1.pb",
        "s3://lake/2026.10/release.tgz!12_shops.train_1.pb",
        "shops.recommendations.transformation",
        "python-task",
    ]
    assert doubtful_among(usual) == set()
    assert all(map(is_plain, usual))
    assert has_no_shape("ghcr.io/shops/train:2026.10")

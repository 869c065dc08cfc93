"""Of made-up secrets and of what only looks like one, masking tells nearly all apart."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

import flytetask_nb as ftn
from flytetask_nb.masking import MASK, mask_text, mask_value
from tests.conftest import TRUTH, absent
from tests.labelled_secrets import Sample, samples

RECALL = 0.98
PRECISION = 0.98
FILES = ("labelled.txt", "held_out.txt")


def judged(name: str) -> tuple[list[Sample], list[Sample], int]:
    """Return the secrets that show, the innocents that do not, and how many secrets are masked."""
    all_samples = list(samples(name))
    wrong = [sample for sample in all_samples if not sample.holds()]
    missed = [sample for sample in wrong if sample.secrets]
    masked = sum(bool(sample.secrets) for sample in all_samples) - len(missed)
    return missed, [sample for sample in wrong if not sample.secrets], masked


@pytest.mark.parametrize("name", FILES)
def test_recall_and_precision(name: str) -> None:
    """The held-out samples were written before the rules."""
    missed, alarms, masked = judged(name)
    assert masked / (masked + len(missed)) >= RECALL, missed
    assert masked / (masked + len(alarms)) >= PRECISION, alarms


def test_the_samples_are_many() -> None:
    everything = [sample for name in FILES for sample in samples(name)]
    secrets = [sample for sample in everything if sample.secrets]
    assert len(secrets) >= 300
    assert len({sample.kind for sample in secrets}) >= 60
    assert len(everything) - len(secrets) >= 600


@pytest.mark.parametrize("name", FILES)
def test_masking_a_sample_twice_changes_nothing(name: str) -> None:
    for sample in samples(name):
        if sample.place == "text":
            assert mask_text(mask_text(sample.text)) == mask_text(sample.text)


def test_no_false_alarm_on_real_tasks() -> None:
    """The one password among them is of a database that the public may read."""
    if not (TRUTH / "corpus").is_dir():
        absent("truth", "the corpus of real tasks is not here")
    alarms = set()
    for task in ftn.load(TRUTH / "corpus"):
        plain = MessageToDict(task.to_flyte_idl())
        alarms |= set(differences(plain, mask_value(plain)))
    assert [text for text in alarms if not text.startswith("postgresql://reader:")] == []
    assert len(alarms) <= 1


def differences(plain: Any, shown: Any) -> list[str]:
    if isinstance(plain, dict):
        return [text for key in plain for text in differences(plain[key], shown[key])]
    if isinstance(plain, list):
        return [text for pair in zip(plain, shown, strict=True) for text in differences(*pair)]
    return [] if plain == shown or MASK not in str(shown) else [str(plain)]

"""The table of rules: complete, symmetric, and open to a caller's own severities."""

from __future__ import annotations

import re

import pytest

import flytetask_nb as ftn
from flytetask_nb.diffs import RULES, SEVERITIES
from flytetask_nb.models import (
    Identifier,
    LiteralType,
    ResourceType,
    RetryStrategy,
    RuntimeMetadata,
    SimpleType,
    TaskMetadata,
    TypedInterface,
    Variable,
)

CACHE_EFFECTS = {"invalidates", "rotates-tags", "on", "off", "stale-risk", "none"}
NUMBER = Variable(LiteralType(simple=SimpleType.INTEGER), "")


def task(version: str = "v1", retries: int = 0, **inputs: Variable) -> ftn.FlyteTask:
    return ftn.FlyteTask(
        Identifier(ResourceType.TASK, "shop", "development", "train", version),
        "python-task",
        TaskMetadata(
            False, RuntimeMetadata(1, "1.0", "python"), None, RetryStrategy(retries), False, "", "", False, "", ()
        ),
        TypedInterface(inputs, {}),
        {},
    )


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_each_rule_has_a_mirror_that_has_it_too(rule: ftn.diffs.Rule) -> None:
    assert rule.mirrors
    assert [mirror for mirror in rule.mirrors if rule.id not in RULES[mirror].mirrors] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_each_rule_says_what_it_means_and_where_it_comes_from(rule: ftn.diffs.Rule) -> None:
    assert rule.severity in SEVERITIES
    assert set(rule.aspects) <= set(SEVERITIES)
    assert rule.cache in CACHE_EFFECTS
    assert rule.effective in {"pin", "recompile"}
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    assert re.match(r"[A-Z].*\.$", rule.reason)
    assert rule.source


def test_a_severity_can_be_overridden() -> None:
    """The override counts for the change and for the verdict."""
    old, new = task("v1"), task("v2", retries=2)
    assert ftn.diff(old, new).severity == "behaviour"
    assert ftn.diff(old, new, severities={"retries-raised": "cosmetic"}).severity == "cosmetic"
    assert not ftn.diff(old, new, severities={"retries-raised": "noise"})


def test_an_unknown_rule_or_severity_names_the_nearest() -> None:
    with pytest.raises(ftn.DiffError, match="did you mean 'retries-raised'"):
        ftn.diff(task(), task(), severities={"retries-raise": "noise"})
    with pytest.raises(ftn.FlyteTaskError, match="did you mean 'breaking'"):
        ftn.diff(task(), task(), severities={"retries-raised": "braking"})


def test_an_accepted_change_is_folded() -> None:
    """It counts no more, but is still listed as accepted, whatever else changes."""
    old, new = task("v1", x=NUMBER), task("v2")
    (change,) = ftn.diff(old, new).changes
    found = ftn.diff(old, task("v2", retries=1), accepted=[change.fingerprint])
    assert [one.rule for one in found.accepted] == ["input-removed"]
    assert [one.rule for one in found.changes] == ["retries-raised"]


def test_of_two_changes_that_read_the_same_one_can_be_accepted() -> None:
    """Each change of one diff has a fingerprint of its own, the same in every run."""
    old, new = task("v1"), task("v2")
    old, new = (one.to_flyte_idl() for one in (old, new))
    old.template.custom.update({"steps": ["a", "b", "a"]})
    new.template.custom.update({"steps": ["b"]})
    found = ftn.diff(old, new)
    prints = [change.fingerprint for change in found.changes]
    assert [(change.old, change.new) for change in found.changes] == [("a", None), ("a", None)]
    assert len(set(prints)) == 2
    assert [change.fingerprint for change in ftn.diff(old, new).changes] == prints
    left = ftn.diff(old, new, accepted=prints[:1])
    assert ([one.fingerprint for one in left.accepted], [one.fingerprint for one in left.changes]) == (
        prints[:1],
        prints[1:],
    )


def secret_change(password: str, plain: str = "a") -> str:
    old, new = (task("v1").to_flyte_idl() for _ in range(2))
    new.template.custom.update({"db": {"password": password}, "uri": f"postgres://me:{password}@host/{plain}"})
    return " ".join(change.fingerprint for change in ftn.diff(old, new).changes)


def test_a_fingerprint_does_not_tell_a_secret() -> None:
    """Nobody finds a password by trying: it goes in masked, whether secrets are revealed or not."""
    expected = secret_change("hunter2")
    assert secret_change("correct horse".replace(" ", "")) == expected
    assert secret_change("hunter2", plain="b") != expected
    with ftn.set_options(reveal_secrets=True):
        assert secret_change("hunter2") == secret_change("swordfish") == expected


def test_an_input_of_the_same_type_under_another_name_was_renamed() -> None:
    (change,) = ftn.diff(task("v1", margin=NUMBER), task("v2", gain=NUMBER)).changes
    assert (change.rule, change.kind, change.old, change.new) == ("input-renamed", "renamed", "margin", "gain")
    assert (change.old_path, change.path) == ("interface.inputs.margin", "interface.inputs.gain")


def test_one_version_with_two_structures_cannot_be_registered() -> None:
    assert [change.rule for change in ftn.diff(task(), task(retries=1)).changes] == ["version-reused", "retries-raised"]
    assert "version-reused" not in [change.rule for change in ftn.diff(task(), task("v2", retries=1)).changes]


def test_a_version_alone_is_noise() -> None:
    """Noise is folded, named, and makes no difference."""
    found = ftn.diff(task("v1"), task("v2"))
    assert not found
    assert found.severity is None
    assert [change.path for change in found.noise] == ["id.version"]
    assert found.noise_summary == ["version"]


def test_accepted_must_not_be_a_single_text() -> None:
    with pytest.raises(ftn.DiffError, match=r"accepted=\['abc'\]"):
        ftn.diff(task(), task(), accepted="abc")

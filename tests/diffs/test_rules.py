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


# What the catalogue of changes promises: severity, effect on the cache, and the rules that keep it.
CATALOGUE = {
    ("breaking", "invalidates"): "input-removed input-added input-renamed input-type-incompatible output-removed "
    "output-renamed output-type-incompatible enum-value-added enum-value-removed enum-reordered output-column-removed "
    "input-column-added output-field-removed column-type-changed field-type-changed",
    ("risky", "invalidates"): "input-added-by-hole input-type-narrowed output-added output-type-risky "
    "blob-dimensionality",
    ("risky", "stale-risk"): "dataclass-under-union secret-added secret-changed plugin-success-lowered",
    ("risky", "none"): "request-lowered limit-lowered request-removed limit-removed timeout-lowered pod-template-set "
    "pod-template-changed identity plugin-memory-lowered output-compared",
    ("breaking", "none"): "resources-refused template-input-gone version-reused type-schema",
    ("behaviour", "invalidates"): "input-added-optional input-type-widened input-column-removed output-column-added "
    "artifact cache-version id-name id-place map-task-name",
    ("behaviour", "stale-risk"): "target-switched image-repository image-tag image-digest argument-added "
    "argument-removed argument-changed argument-moved env-added env-removed env-changed env-reordered port-added "
    "data-loading architecture pod-container-changed pod-init-container-added pod-volume-removed pod-setting-changed "
    "secret-removed custom-changed config-added sql-statement sql-dialect cache-ignored-added",
    ("behaviour", "none"): "task-type task-type-version accelerator-changed shared-memory-added eager-on eager-off "
    "cache-serialized retries-raised retries-lowered timeout-raised interruptible pod-template-cleared "
    "pod-toleration-changed pod-affinity-added plugin-scale-lowered plugin-machine plugin-retries",
    ("behaviour", "rotates-tags"): "cache-ignored-removed",
    ("behaviour", "on"): "cache-on",
    ("behaviour", "off"): "cache-off",
    ("cost", "none"): "request-raised limit-raised request-added limit-added plugin-scale-raised plugin-memory-raised",
    ("cosmetic", "invalidates"): "union-reordered columns-reordered",
    ("cosmetic", "none"): "variable-description type-annotation type-metadata resource-ignored-changed deprecated "
    "deprecation-lifted deck-on deck-off label-added annotation-removed tag-changed documentation plugin-label",
    ("noise", "stale-risk"): "image-release-tag code-bundle serialization-settings release-echo",
    ("noise", "none"): "runtime-version id-version id-filled-in",
}
ALSO_COST = "cache-off retries-raised interruptible accelerator-added accelerator-changed accelerator-removed"
ON_RECOMPILE = "retries-raised retries-lowered timeout-raised timeout-lowered interruptible"


@pytest.mark.parametrize(
    ("rule", "expected"), [(rule, judged) for judged, rules in CATALOGUE.items() for rule in rules.split()]
)
def test_rules_judge_as_the_catalogue_says(rule: str, expected: tuple[str, str]) -> None:
    assert (RULES[rule].severity, RULES[rule].cache) == expected


def test_what_also_costs_and_what_waits_for_callers_is_known() -> None:
    assert {rule for rule in RULES if "cost" in RULES[rule].aspects} == {*ALSO_COST.split(), "plugin-machine"}
    assert {rule for rule in RULES if RULES[rule].effective == "recompile"} == {*ON_RECOMPILE.split()}


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
    with pytest.raises(ftn.errors.DiffError, match="did you mean 'retries-raised'"):
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
    assert found.noise_summary == ("version",)


def test_accepted_must_not_be_a_single_text() -> None:
    with pytest.raises(ftn.errors.DiffError, match=r"accepted=\['abc'\]"):
        ftn.diff(task(), task(), accepted="abc")

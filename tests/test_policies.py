"""Policies: what a pyproject.toml may say, and that the notebook and the command line read the same one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.errors import OptionError
from flytetask_nb.options import option
from flytetask_nb.policies import NO_POLICY, Acceptance, Policy, acceptances_in, nearest_policy, policy_of
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
TEXT = """
[tool.flytetask]
fail-on = ["breaking", "stale"]
accepted = "accepted.toml"
[tool.flytetask.severities]
"input-renamed" = "cosmetic"
[tool.flytetask.platform-limits]
cpu = "4"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "accepted.toml").write_text(
        '[[accepted]]\nfingerprint = "abc"\ntask = "shop.f"\nreason = "seen"\nuntil = 2999-01-31\n', encoding="utf-8"
    )
    (tmp_path / "inner").mkdir()
    return tmp_path


@pytest.mark.parametrize("text", ["a = " + "[" * 50_000, "a" + ".a" * 200 + " = 1", "#" * 2**22, "\0", "[[", "a = 1e"])
def test_no_text_is_more_than_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    for read in (policy_of, acceptances_in):
        with pytest.raises(OptionError, match=r"pyproject\.toml"):
            read(path)


def test_a_file_is_read(project: Path) -> None:
    policy = policy_of(project / "pyproject.toml")
    assert policy.severities == {"input-renamed": "cosmetic"}
    assert policy.fail_on == ("breaking", "stale")
    assert policy.accepted == (Acceptance("abc", "shop.f", "seen", date(2999, 1, 31)),)
    assert policy.platform_limits == {"cpu": "4"}
    assert policy_of(str(project)) == policy == nearest_policy(project / "inner")
    (project / "inner" / ".git").mkdir()
    assert nearest_policy(project / "inner") is NO_POLICY


def test_the_notebook_reads_the_same(project: Path) -> None:
    old, new = (ftn.load(ARCHIVES / f"{name}.tgz") for name in ("2026.09", "2026.10"))
    name = "shops.evaluation.choose_champion"
    assert ftn.diff(old[name], new[name]).severity == "breaking"
    with ftn.set_options(policy=project):
        assert ftn.diff(old[name], new[name]).severity == "cosmetic"
        assert ftn.diff(old[name], new[name], severities={"input-renamed": "risky"}).severity == "risky"
        assert ftn.plan(new, old).severity == "risky"
        assert any(
            finding.rule.endswith("limit") or "limit" in finding.message for f in ftn.check(new) for finding in f
        )
    assert option("policy") is None


def test_what_is_accepted_counts_for_its_task_until_its_day() -> None:
    policy = Policy(accepted=(Acceptance("a"), Acceptance("b", "f"), Acceptance("c", until=date(1999, 1, 1))))
    assert policy.accepted_of("") == {"a"}
    assert policy.accepted_of("f") == {"a", "b"}
    old, new = (ftn.load(ARCHIVES / f"{name}.tgz") for name in ("2026.09", "2026.10"))
    name = "shops.evaluation.choose_champion"
    mark = ftn.diff(old[name], new[name]).changes[0].fingerprint
    for task, expected in ((name, 1), ("another", 0)):
        with ftn.set_options(policy={"accepted": [{"fingerprint": mark, "task": task}]}):
            assert len(ftn.diff(old[name], new[name]).accepted) == expected
            (entry,) = (entry for entry in ftn.plan(new, old) if entry.name == name)
            assert entry.diff is not None
            assert len(entry.diff.accepted) == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (3, "expected the path"),
        ("nothing.toml", "there is no file"),
        ({"severity": {}}, "'severity'; expected severities, fail-on, accepted, platform-limits"),
        ({"severities": {"a": []}}, "expected a table of texts"),
        ({"fail-on": 3}, "expected a list of texts"),
        ({"accepted": 3}, "expected a list of entries"),
        ({"accepted": [{"reason": "x"}]}, "expected a fingerprint"),
        ({"accepted": [{"fingerprint": "a", "who": "x"}]}, "'who'"),
        ({"accepted": [{"fingerprint": "a", "until": "soon"}]}, "expected a date"),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(given: Any, told: str) -> None:
    with pytest.raises(ftn.errors.OptionError, match=told):
        ftn.set_options(policy=given)


def test_a_file_without_the_table_is_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    for text, told in (
        ("[tool.other]\n", r"has no \[tool.flytetask\]"),
        ("[", "cannot be read"),
        ("[tool]\nflytetask = 3\n", "a table"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ftn.errors.OptionError, match=told):
            policy_of(path)

"""What other systems read: JSON, SARIF, JUnit and GitHub's commands, each by a validator that is kept."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.command_line import main
from flytetask_nb.command_line.alerts import Alert, Place, place_of
from flytetask_nb.command_line.formats import FORMATS, shown
from flytetask_nb.command_line.results import Result
from tests.command_line.terminals import ARCHIVES, NEW, OLD
from tests.planted import MARK, Plants, by_key, by_key_in_pod, by_key_in_sql, filled, token, url

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("typer")
COMMANDS = {
    "diff": ["diff", OLD, NEW],
    "one": ["diff", OLD, NEW, "shops.training.train_global_model"],
    "plan": ["plan", NEW, OLD],
    "callers": ["callers", ARCHIVES / "2026.08.tgz", OLD],
    "check": ["check", NEW],
    "nothing": ["diff", OLD, OLD],
}
HOSTILE = Alert(
    "rule", "breaking", "a.b\x00<c>", "v", "path", "a\n::error::b %,: ]]>\x1b[31m", "reason\r", "0" * 16, ("stale",), Place("a b/ü,:.py", 3)
)  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def printed(capsys: pytest.CaptureFixture[str], command: str, format: str) -> str:
    assert main([*map(str, COMMANDS[command]), "-f", format]) == 0
    return capsys.readouterr().out


def hostile(format: str) -> str:
    return shown(Result("diff", ftn.load(NEW), [HOSTILE], ["a.b"]), format)


# -- JSON --------------------------------------------------------------------------------------------------------------


def check_json(text: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((files("flytetask_nb.command_line") / "schemas" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_as_its_schema_says(capsys: pytest.CaptureFixture[str], command: str) -> None:
    check_json(printed(capsys, command, "json"))


def test_json_of_shown_tasks_and_of_hostile_ones() -> None:
    check_json(hostile("json"))


# -- SARIF -------------------------------------------------------------------------------------------------------------


def check_sarif(text: str) -> dict[str, Any]:
    """Hold a log against SARIF 2.1.0's types, and against what GitHub asks for beyond these.

    The types are those of sarif-pydantic, which follows OASIS' schema; the schema itself comes with no package. Whoever
    has it (docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json) can name its file in
    FLYTETASK_NB_SARIF_SCHEMA.
    """
    import os  # noqa: PLC0415

    log: dict[str, Any] = json.loads(text)
    pytest.importorskip("sarif_pydantic").Sarif.model_validate(log)
    if schema := os.environ.get("FLYTETASK_NB_SARIF_SCHEMA"):
        from pathlib import Path  # noqa: PLC0415

        import jsonschema  # noqa: PLC0415

        jsonschema.Draft4Validator(json.loads(Path(schema).read_text(encoding="utf-8"))).validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"]
        assert place["region"]["startLine"] >= 1
        assert result["partialFingerprints"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
    return log


@pytest.mark.parametrize("command", COMMANDS)
def test_sarif_is_valid(capsys: pytest.CaptureFixture[str], command: str) -> None:
    log = check_sarif(printed(capsys, command, "sarif"))
    assert bool(log["runs"][0]["results"]) is (command != "nothing")


def test_sarif_of_hostile_alerts() -> None:
    (result,) = check_sarif(hostile("sarif"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC,:.py"


# -- JUnit -------------------------------------------------------------------------------------------------------------


def check_junit(text: str) -> Any:
    """Read it as a kept library does, and count again what it says of itself."""
    parsed = pytest.importorskip("junitparser").JUnitXml.fromstring(text.encode())
    (suite,) = parsed
    cases = [*suite]
    assert suite.tests == len(cases) == parsed.tests
    assert suite.failures == sum(1 for case in cases if case.result) == parsed.failures
    assert all(case.classname and case.name for case in cases)
    return cases


@pytest.mark.parametrize("command", COMMANDS)
def test_junit_is_read(capsys: pytest.CaptureFixture[str], command: str) -> None:
    cases = check_junit(printed(capsys, command, "junit"))
    failed = {case.name for case in cases if case.result}
    expected = {"diff": {"choose_champion", "forecast_demand", "legacy_reorder_points"}, "check": {"fetch_weather"}}
    assert failed == expected.get(command, failed)
    assert bool(cases)


def test_junit_of_hostile_alerts() -> None:
    cases = check_junit(hostile("junit"))
    assert any("]]>" in case.result[0].message for case in cases if case.result)


# -- GitHub ------------------------------------------------------------------------------------------------------------


def test_github_gets_one_command_a_line_and_a_summary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    lines = printed(capsys, "diff", "github").splitlines()
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
    assert lines[0].startswith("::error file=shops/evaluation.py,line=1,title=breaking%3A shops.evaluation.")
    assert summary.read_text(encoding="utf-8").startswith("### 6 changed")


def test_no_text_of_a_task_is_a_command_of_its_own() -> None:
    (line,) = hostile("github").splitlines()
    assert line.startswith("::error file=")
    assert "a%0A::error::b" in line
    assert "file=a b/ü%2C%3A.py,line=3," in line


# -- where the code is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "args", "source", "expected"),
    [
        ("https://github.com/a/b/blob/main/shop/train.py#L12", [], "x.tgz", Place("shop/train.py", 12)),
        ("https://git.example.com/a/b/src/branch/main/shop/train.py", [], "x.tgz", Place("shop/train.py")),
        ("shop/train.py#L3-L9", [], "x.tgz", Place("shop/train.py", 3)),
        ("https://example.com/", ["task-module", "shop.train", "task-name", "f"], "x.tgz", Place("shop/train.py")),
        ("", [], "./x.tgz!1_a.pb", Place("x.tgz")),
        ("", [], "", Place("pyproject.toml")),
    ],
)
def test_a_place_is_the_best_that_is_known(link: str, args: list[str], source: str, expected: Place) -> None:
    task = ftn.load(NEW)[0]
    message = task.to_flyte_idl()
    message.description.source_code.link = link
    message.template.container.args[:] = args
    assert place_of(ftn.FlyteTask.from_flyte_idl(message), source) == expected


# -- secrets -----------------------------------------------------------------------------------------------------------


def by_looks(plants: Plants) -> Any:
    spec = task_pb2.TaskSpec()
    filled(spec, plants)
    return spec


@pytest.mark.parametrize(
    ("build", "make"),
    [(by_key, None), (by_key_in_pod, None), (by_key_in_sql, None), (by_looks, url), (by_looks, token)],
)
def test_no_secret_leaves_in_any_format(
    build: Any, make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether its place tells it or its looks, and also where a change quotes it out of its place."""
    plants = Plants(make or (lambda number: f"{MARK}x{number}"))
    for version in ("v0", "v1"):
        spec = build(plants)
        spec.template.id.project, spec.template.id.domain = "p", "d"
        spec.template.id.name, spec.template.id.version = "shop.leaky", version
        (tmp_path / f"{version}.pb").write_bytes(spec.SerializeToString())
    old, new = map(str, (tmp_path / "v0.pb", tmp_path / "v1.pb"))
    commands = (["show", new], ["diff", old, new], ["plan", new, old], ["history", old, new], ["check", new])
    leaks = {}
    for command in commands:
        for format in FORMATS:
            main([*command, "-f", format])
            printed = capsys.readouterr()
            leaks[command[0], format] = plants.found_in(printed.out + printed.err)
    assert {place: found for place, found in leaks.items() if found} == {}

"""Each command as a user runs it; most in this process, for a process takes a second to start."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import flytetask_nb as ftn
from flytetask_nb.command_line import main, opening
from tests.command_line.terminals import ARCHIVES, NEW, OLD, environment, flytetask
from tests.conftest import ROOT, flytekit_module

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("typer")
TASK = "shops.training.train_global_model"
ESCAPE = "\x1b["


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder without a policy."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([*map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


# -- what each says ----------------------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    """No test asserts a time: what takes it is what is imported."""
    script = (
        "import sys; from flytetask_nb.command_line import main; main(['--help']);"
        "heavy = {'pandas', 'numpy', 'rich', 'grpc', 'fsspec', 'flytekit', 'ipywidgets', 'yaml', 'IPython', 'tqdm'};"
        "sys.exit(f'loaded {sorted(heavy & sys.modules.keys())}' if heavy & sys.modules.keys() else 0)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    commands = "show table diff callers plan history check accept open tour".split()
    assert all(re.search(rf"^  {command} ", finished.stdout, re.MULTILINE) for command in commands)
    assert max(map(len, finished.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", "show table diff callers plan history check accept open tour".split())
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, err = told(capsys, command, "--help")
    assert (code, err) == (0, "")
    assert out.lstrip().startswith(f"Usage: flytetask {command}")


def test_show_is_what_the_notebook_shows(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "show", NEW, "train_global_model")
    assert code == 0
    assert out.splitlines()[0] == ftn.load(NEW)[TASK].to_text().splitlines()[0]
    assert told(capsys, "show", NEW, "-f", "markdown")[1].startswith("### 27 tasks")
    values = json.loads(told(capsys, "show", NEW, TASK, "-f", "json")[1])
    assert values["report"]["tasks"][0]["template"]["id"]["name"] == TASK
    assert "hunter2" not in json.dumps(values)


def test_a_pipe_gets_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "table", NEW)[1]
    names = ftn.load(NEW).column("name")
    assert [line.split()[0] for line in out.splitlines()[1:]] == names
    assert ESCAPE not in out
    assert not re.search(r"^\s*… [\d,]+ more", told(capsys, "show", NEW)[1], re.MULTILINE)


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_nothing_is_cut_where_no_page_ends(capsys: pytest.CaptureFixture[str], format: str) -> None:
    out = told(capsys, "show", NEW, "-f", format)[1]
    assert "…" not in out
    assert "'temporal-fusion'], min_gain: float)" in " ".join(out.replace("\\", "").split())


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_table_comes_back_as_it_was(capsys: pytest.CaptureFixture[str], tmp_path: Path, format: str) -> None:
    path = tmp_path / f"table.{format}"
    assert told(capsys, "table", NEW, "--where", "gpu > 0", "-f", format, "-o", path)[::2] == (0, "")
    read: Any = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[format]
    frame = read(path)
    expected = ftn.load(NEW).search("gpu>0").to_frame()
    assert [*frame.columns] == [*expected.columns]
    assert frame["name"].tolist() == expected["name"].tolist()
    assert frame["memory_request"].tolist() == expected["memory_request"].tolist()


def test_columns_are_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "table", NEW, "--columns", "name, mem", "-f", "csv")[1].startswith("name,memory_request\n")
    assert "there is no column 'colour'" in told(capsys, "table", NEW, "--columns", "colour")[2]


def test_diff_of_one_and_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    one = told(capsys, "diff", OLD, NEW, TASK)[1]
    assert one.splitlines()[1] == "3 behaviour · 2 cost · ⟳ cache: unchanged"
    everything = told(capsys, "diff", OLD, NEW)[1].splitlines()
    assert everything[0].startswith("6 changed (1 breaking, 1 risky, 4 behaviour)")
    assert "breaking" in everything[2]


def test_history_and_blame(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "history", ARCHIVES / "2026.03.tgz", OLD, NEW, TASK)[1]
    assert "3 versions" in out.splitlines()[0]
    assert "container.requests.memory" in told(capsys, "history", OLD, NEW, TASK, "--blame")[1]
    assert told(capsys, "history", NEW)[0] == 2


def test_check_says_nothing_of_what_registration_fills_in(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "check", NEW, "--fail-on", "refused")
    assert code == 0
    assert "all would register" in out
    assert told(capsys, "check", NEW, "--fail-on", "warning")[0] == 1


def test_two_structures_under_an_id_fail_a_check_and_a_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of tasks that stand in one source under one version the server refuses the second."""
    source = tmp_path / "two.parquet"
    ftn.load([OLD, NEW], project="p", domain="d", version="v1").save(source)
    code, out, _ = told(capsys, "check", source, "--fail-on", "refused", "--format", "json")
    assert code == 1
    refused = {alert["task"] for alert in json.loads(out)["alerts"] if alert["rule"] == "repeated-id"}
    code, out, _ = told(capsys, "plan", source, OLD, "--fail-on", "conflict", "--format", "json")
    assert code == 1
    assert refused == {alert["task"] for alert in json.loads(out)["alerts"] if alert["rule"] == "version-conflict"}
    assert TASK in refused


def test_callers_names_the_workflows(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "callers", ARCHIVES / "2026.08.tgz", OLD, "--fail-on", "breaking")
    assert code == 1
    assert "would not compile" in out.splitlines()[0]


def test_callers_of_a_cluster_are_those_of_its_archives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each workflow once, however many of its tasks are new; what an address names is asked about alone."""
    pytest.importorskip("grpc")
    before, arguments = ARCHIVES / "2026.08.tgz", ["--format", "json"]
    with ftn.sandbox() as admin:
        admin.load(before, project="flytesnacks", domain="development", version="2026.08")
        config = tmp_path / "config.yaml"
        config.write_text(f"admin:\n  endpoint: {admin.endpoint}\n  insecure: true\n", encoding="utf-8")
        monkeypatch.setenv("FLYTECTL_CONFIG", str(config))
        cluster = f"admin://{admin.endpoint}/flytesnacks/development"
        found = {
            where: json.loads(told(capsys, "callers", where, OLD, *arguments)[1])["report"]
            for where in (before, cluster, "admin:///flytesnacks/development/shops.replenishment.submit_orders")
        }
    of_files, of_cluster, of_one = (
        [(each["workflow"], each["verdict"]) for each in report["workflows"]] for report in found.values()
    )
    assert of_cluster == of_files
    assert [report["unused"] for report in found.values()] == [["_bash.shops.ingest.unpack_feed"]] * 2 + [[]]
    assert of_one == [("shops.workflows.nightly_forecast", "breaks"), ("shops.workflows.replenish", "breaks")]


def test_a_page_holds_all_it_needs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, arguments in {"card": [NEW, TASK], "diff": [NEW, TASK, "--against", OLD], "all": [NEW]}.items():
        path = tmp_path / f"{name}.html"
        assert told(capsys, "open", *arguments, "--html", path)[0] == 0
        page = path.read_text(encoding="utf-8")
        assert page.startswith("<!DOCTYPE html>")
        assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(", page)


def test_open_and_tour_write_notebooks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    # The end of a name is enough here, as for every command; in the notebook it would not be.
    short = TASK.rpartition(".")[2]
    for number, more in enumerate(([short], [short, "--against", OLD], [], ["--against", OLD])):
        path = tmp_path / f"task{number}.ipynb"
        assert told(capsys, "open", NEW, *more, "-o", path, "--no-launch")[:2] == (0, f"{path}\n")
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        names: dict[str, object] = {}
        for cell in notebook.cells:
            exec(cell.source, names)  # noqa: S102 - what was just written
    assert told(capsys, "open", NEW, "-o", path, "--no-launch")[0] == 2
    folder = tmp_path / "tour"
    assert told(capsys, "tour", folder, "--no-launch")[0] == 0
    assert (folder / "00_tour.ipynb").is_file()
    assert (folder / "example" / "archives" / "2026.10.tgz").is_file()
    assert "holds something already" in told(capsys, "tour", folder, "--no-launch")[2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (NEW, f"tasks = ftn.load({str(NEW)!r})\nftn.explore(tasks)"),
        ("admin://host:81/shops/production", "(ftn.connect('host:81'), project='shops', domain='production')"),
        ("admin:///shops/production/a.b", "(ftn.connect(None), project='shops', domain='production', name='a.b')"),
        ("module:shop", "tasks = ftn.from_flytekit(shop)\nftn.explore(tasks)"),
    ],
)
def test_explore_serves_a_page_on_this_machine_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, source: Any, expected: str
) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("voila")
    started: list[tuple[list[str], Any]] = []

    def run(command: list[str], **_: Any) -> Any:
        path = next(part for part in command if part.endswith(".ipynb"))
        started.append((command, nbformat.read(path, as_version=4)))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(opening.subprocess, "run", run)
    assert told(capsys, "explore", source, "--no-browser")[0] == 0
    ((command, notebook),) = started
    nbformat.validate(notebook)
    (cell,) = notebook.cells
    compile(cell.source, "cell", "exec")
    assert cell.source.endswith(expected)
    assert {"--token", "--Voila.ip=127.0.0.1", "--no-browser"} <= set(command)


# -- where tasks come from ---------------------------------------------------------------------------------------------


def test_jupyterlab_is_launched_on_what_was_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it ends with is what the command ends with; Ctrl-C, which reaches both, is left to it."""
    package = tmp_path / "modules" / "jupyterlab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    seen = tmp_path / "seen"
    script = (
        "import os, pathlib, signal, sys; os.kill(os.getppid(), signal.SIGINT);"
        f"pathlib.Path({str(seen)!r}).write_text(sys.argv[1]); sys.exit(3)"
    )
    (package / "__main__.py").write_text(script, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    for arguments in (["open", NEW, TASK, "-o", tmp_path / "task.ipynb"], ["tour", tmp_path / "tour"]):
        code, out, _ = told(capsys, *arguments)
        assert (code, seen.read_text(encoding="utf-8")) == (3, out.rstrip("\n"))


def test_standard_input_is_a_source() -> None:
    finished = flytetask("show", "-", TASK, given=NEW.read_bytes())
    assert finished.stdout.startswith(TASK)


def test_a_module_is_a_source(tmp_path: Path) -> None:
    flytekit_module("flytekit")
    (tmp_path / "shop.py").write_text(
        "from flytekit import task, workflow\n\n@task\ndef f(a: int) -> int:\n    return a\n\n"
        "@workflow\ndef w() -> int:\n    return f(a=1)\n",
        encoding="utf-8",
    )
    finished = flytetask("table", "module:shop", "-f", "csv", "--columns", "name", cwd=tmp_path)
    assert (finished.stdout, finished.stderr, finished.returncode) == ("name\nshop.f\n", "", 0)
    assert "1 workflow" in flytetask("callers", "module:shop", "module:shop", cwd=tmp_path).stdout
    wrong = flytetask("show", "module:nothing", cwd=tmp_path)
    assert "cannot be imported" in wrong.stderr
    assert wrong.returncode == 2


# -- how it ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["breaking"], 1),
        (["cosmetic"], 1),
        (["conflict"], 0),
        (["stale"], 1),
        (["conflict", "risky"], 1),
        (["nonsense"], 2),
    ],
)
def test_fail_on(capsys: pytest.CaptureFixture[str], words: list[str], code: int) -> None:
    options = [part for word in words for part in ("--fail-on", word)]
    assert told(capsys, "diff", ARCHIVES / "2026.08.tgz", OLD, *options)[0] == code


def test_what_is_accepted_does_not_fail(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    assert told(capsys, "accept", OLD, NEW, "--reason", 'all "callers" moved', "--until", "2999-12-31")[0] == 0
    assert told(capsys, "diff", OLD, NEW, "--fail-on", "cosmetic")[0] == 1
    code, _, err = told(capsys, "diff", OLD, NEW, "--fail-on", "cosmetic", "--accept", file)
    assert (code, err) == (0, "")
    # Twice is once.
    before = file.read_text(encoding="utf-8")
    assert told(capsys, "accept", OLD, NEW)[1] == "0 accepted in accepted.toml\n"
    assert file.read_text(encoding="utf-8") == before
    # What no longer matches is told, and what is over counts no more.
    assert "fits nothing here any more" in told(capsys, "diff", OLD, OLD, "--accept", file)[2]
    # Of one task alone, those of that task.
    assert told(capsys, "diff", OLD, NEW, TASK, "--accept", file)[2] == ""
    remarks = told(capsys, "diff", OLD, OLD, TASK, "--accept", file)[2].splitlines()
    assert len(remarks) == before.count(f"task = {TASK!r}".replace("'", '"')) == 5
    assert all(f" of {TASK} fits nothing here any more" in remark for remark in remarks)
    # A check looks for findings: what is accepted of changes is none of its.
    assert told(capsys, "check", NEW, "--accept", file)[2] == ""
    file.write_text(before.replace("2999", "1999"), encoding="utf-8")
    code, _, err = told(capsys, "diff", OLD, NEW, "--fail-on", "cosmetic", "--accept", file)
    assert code == 1
    assert "ended on 1999-12-31" in err


def test_an_accepted_finding_that_is_gone_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    weather = "shops.ingest.fetch_weather"
    alerts = json.loads(told(capsys, "check", NEW, "--format", "json")[1])["alerts"]
    file = tmp_path / "accepted.toml"
    entries = [
        f'[[accepted]]\nfingerprint = "{mark}"\ntask = "{weather}"\nrule = "plain-secret"\n'
        for mark in (alerts[0]["fingerprint"], "0123456789abcdef")
    ]
    file.write_text("\n".join(entries), encoding="utf-8")
    for arguments, gone in (([], 1), ([weather], 1), ([TASK], 0)):
        _, _, err = told(capsys, "check", NEW, *arguments, "--accept", file)
        assert err.count("fits nothing here any more") == err.count("0123456789abcdef") == gone
    assert told(capsys, "diff", OLD, NEW, "--accept", file)[2] == ""


def test_one_change_is_accepted_of_one_task_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    values = json.loads(told(capsys, "diff", OLD, NEW, "-f", "json")[1])
    first = values["alerts"][0]
    told(capsys, "accept", OLD, NEW, "--fingerprint", first["fingerprint"])
    text = (tmp_path / "accepted.toml").read_text(encoding="utf-8")
    assert text.count("[[accepted]]") == 1
    after = json.loads(told(capsys, "diff", OLD, NEW, "-f", "json", "--accept", "accepted.toml")[1])
    accepted = [alert["task"] for alert in after["alerts"] if alert["is_accepted"]]
    assert accepted == [first["task"]]
    assert told(capsys, "accept", OLD, NEW, "--fingerprint", "f" * 16)[0] == 2


def test_the_policy_of_the_project_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.flytetask]\nfail-on = ["breaking"]\n[tool.flytetask.severities]\n"input-renamed" = "cosmetic"\n',
        encoding="utf-8",
    )
    assert told(capsys, "diff", OLD, NEW)[0] == 0
    assert told(capsys, "diff", OLD, NEW, "--fail-on", "cosmetic")[0] == 1
    (tmp_path / "other.toml").write_text('[tool.flytetask]\nfail-on = "breaking"\n', encoding="utf-8")
    assert told(capsys, "diff", OLD, NEW, "--policy", "other.toml")[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nothing.tgz"],
        ["show", "git:HEAD:nothing.tgz"],
        ["show", "admin://half"],
        ["show", str(NEW), "no.such.task"],
        ["show", str(NEW), "-f", "sarif"],
        ["diff", str(OLD)],
        ["nonsense"],
        ["diff", str(OLD), str(NEW), "--accept", "nothing.toml"],
        ["table", str(NEW), "--where", "gpu>"],
        ["table", str(NEW), "-f", "parquet"],
        ["accept", str(OLD), str(NEW), "--until", "soon"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_run_is_one_paragraph(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"flytetask: [^\n]+\n", err)
    assert "Traceback" not in err


def test_a_traceback_is_shown_on_demand() -> None:
    finished = flytetask("show", "nothing.tgz", "--traceback")
    assert finished.stderr.startswith("Traceback")
    # A traceback that Python itself prints ends with 1, which would be a verdict.
    assert finished.returncode == 2


def test_without_the_extra_it_says_what_to_install() -> None:
    script = (
        "import sys; from tests.without_extras import refuse; refuse();"
        "from flytetask_nb.command_line import main; sys.exit(main(['--help']))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert finished.stderr == (
        'flytetask: the command flytetask needs typer, not installed here; run: pip install "flytetask-nb[cli]"\n'
    )


# -- terminals and pipes -----------------------------------------------------------------------------------------------


def test_colour_is_for_terminals_unless_it_is_forced() -> None:
    plain = flytetask("diff", OLD, NEW, TASK)
    assert ESCAPE not in plain.stdout + plain.stderr
    forced = flytetask("diff", OLD, NEW, TASK, variables={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    assert ESCAPE in forced.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("command", ["show", "table", "diff", "history", "check", "callers", "plan"])
def test_eighty_columns_are_enough(command: str) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows
    import pty  # noqa: PLC0415 - likewise
    import struct  # noqa: PLC0415 - likewise
    import termios  # noqa: PLC0415 - likewise

    arguments = {"show": [NEW, TASK], "table": [NEW], "history": [OLD, NEW, TASK], "check": [NEW]}.get(
        command, [OLD, NEW]
    )
    screen, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    variables = environment(NO_COLOR="1", TERM="xterm-256color")
    process = subprocess.Popen(
        [sys.executable, "-m", "flytetask_nb", command, *map(str, arguments)],
        stdin=end, stdout=end, stderr=end, env=variables, cwd=ROOT,
    )  # fmt: skip
    os.close(end)
    data = b""
    while True:
        try:
            more = os.read(screen, 65536)
        except OSError:
            break
        if not more:
            break
        data += more
    os.close(screen)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", data.decode())
    assert "38;5" not in data.decode()
    assert max(len(line.rstrip("\r")) for line in text.split("\n")) <= 80


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_reader_that_has_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flytetask_nb", "table", str(NEW), "-f", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_an_interrupt_ends_it_at_once() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flytetask_nb", "show", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    # More than a pipe holds: it is written when some of it was read, and the rest is waited for.
    process.stdin.write(b" " * 2**17)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, b"")


# -- completion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_names_and_versions_complete(shell: str, tmp_path: Path) -> None:
    source = tmp_path / "tasks.parquet"
    ftn.load([OLD, NEW], project="p", domain="d", version=lambda path: path.rsplit("/")[-1][:7]).save(source)
    variables = {"_FLYTETASK_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    for typed, expected in (("shops.training.train_g", [TASK]), (f"{TASK}@2026.1", [f"{TASK}@2026.10"])):
        line = f"flytetask show {source} {typed}"
        given = {**variables, "COMP_WORDS": line, "COMP_CWORD": "3", "_TYPER_COMPLETE_ARGS": line}
        finished = flytetask(variables=given)
        assert all(name in finished.stdout for name in expected), finished.stderr
        assert finished.stderr == ""

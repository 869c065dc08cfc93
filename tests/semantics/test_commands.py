"""The command lines that flytekit writes, taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from real_tasks import task_messages

from flytetask_nb.semantics.commands import command_line, unfilled

if TYPE_CHECKING:
    from pathlib import Path

USUAL = (
    "pyflyte-execute --inputs {{.input}} --output-prefix {{.outputPrefix}} --raw-output-data-prefix "
    "{{.rawOutputDataPrefix}} --checkpoint-path {{.checkpointOutputPrefix}} --prev-checkpoint "
    "{{.prevCheckpointPrefix}} --resolver flytekit.core.python_auto_container.default_task_resolver "
    "-- task-module shop.train task-name fit"
).split()
FAST = "pyflyte-fast-execute --additional-distribution s3://b/code.tar.gz --dest-dir /root --".split()


def test_usual_arguments_are_folded() -> None:
    parts = command_line(USUAL)
    assert parts is not None
    assert (parts.launcher, parts.entrypoint, parts.has_usual_arguments) == ([], ["pyflyte-execute"], True)
    assert parts.resolver == "flytekit.core.python_auto_container.default_task_resolver"
    assert (parts.target, parts.loader_rest) == ("shop.train.fit", [])


def test_fast_registration_has_a_launcher() -> None:
    parts = command_line(FAST + USUAL)
    assert parts is not None
    assert parts.launcher == FAST[:-1]
    assert parts.target == "shop.train.fit"


def test_unusual_arguments_are_kept() -> None:
    parts = command_line(["pyflyte-execute", "--inputs", "elsewhere", "--flag", "--", "a", "b", "c"])
    assert parts is not None
    assert parts.entrypoint == ["pyflyte-execute", "--inputs", "elsewhere", "--flag"]
    assert (parts.target, parts.loader_rest) == ("", ["a", "b", "c"])


def test_other_command_lines_are_left_alone() -> None:
    assert command_line([]) is None
    assert command_line(["bash", "-c", "pyflyte-execute"]) is None
    assert command_line(["pyflyte-fast-execute", "--dest-dir", "/root"]) is None


def test_no_word_of_the_corpus_is_lost(corpus: Path) -> None:
    """What is taken apart can be put together again, usual arguments aside."""
    taken = 0
    for place, message in task_messages(corpus):
        container = message.template.container
        words = [*container.command, *container.args]
        parts = command_line(words)
        if parts is None:
            continue
        taken += 1
        kept = {*parts.launcher, *parts.entrypoint, parts.resolver, *parts.loader}
        usual = set(USUAL) if parts.has_usual_arguments else set()
        assert set(words) - kept <= usual | {"--", "--resolver"}, place
    assert taken > 500


def test_placeholders_of_registration() -> None:
    words = ["a", "{{ .remote_package_path }}", "{{ .dest_dir }}", "x{{ .dest_dir }}", "{{ .dest_dir }}"]
    assert unfilled(words) == ["{{ .remote_package_path }}", "{{ .dest_dir }}"]
    assert unfilled([], ("p", "{{ registration.domain }}", "v")) == ["{{ registration.domain }}"]
    assert unfilled(["{{.input}}"], ("p", "d", "v")) == []

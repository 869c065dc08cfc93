"""What holds of every output, whatever the object: sound markup, one content in four formats, bounded size."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import types_pb2
from generated import messages, task_specs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from real_tasks import task_messages

import flytetask_nb as ftn
from flytetask_nb import models
from flytetask_nb.views import describe, html, markdown, text
from flytetask_nb.views.document import (
    Badge,
    Clip,
    Code,
    Document,
    Edit,
    Fields,
    Folds,
    Label,
    Link,
    Notice,
    Paragraph,
    Row,
    Span,
    Stack,
    Table,
)
from tests.browser.wording import html_text, squeeze
from tests.conftest import ROOT
from tests.views.allowlist import sanitize
from tests.views.fragments import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flytetask_nb.views.document import Line

LARGEST = 32 * 1024
TYPICAL = 6 * 1024
LARGEST_STYLESHEET = 3 * 1024
MARKDOWN = MarkdownIt("commonmark").enable("table")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
HOSTILE = "<script>alert(1)</script>\"' onclick=x &amp; `|*_[x](javascript:1) \x1b[31m\u202e $a$ \\(b\\) ${jndi}\n## x"

DISPLAYED = [
    models.Container,
    models.Documentation,
    models.ExtendedResources,
    models.Identifier,
    models.K8sPod,
    models.LiteralType,
    models.Resources,
    models.SecurityContext,
    models.Sql,
    models.TaskMetadata,
    models.TaskTemplate,
    models.TypedInterface,
    models.Variable,
]


class Cuttable(str):
    """A text that is cut where a line ends, but in HTML."""

    __slots__ = ()


def pieces_of(line: Line) -> Iterator[str]:
    """Return the texts of a line as the document holds them."""
    if isinstance(line, str):
        yield line
    elif isinstance(line, list):
        for piece in line:
            yield from pieces_of(piece)
    elif isinstance(line, Stack):
        for inner in line.lines:
            yield from pieces_of(inner)
    elif isinstance(line, Badge):
        yield from (line.glyph, line.word)
    elif isinstance(line, Clip):
        yield Cuttable(line.text)
    elif isinstance(line, Span | Link | Label):
        yield line.text


def texts_of(document: Document, *, is_folding: bool = True) -> Iterator[str]:
    """Return every text of a document, in its order; of a format that does not fold, without what opens in place."""
    yield document.title
    yield from pieces_of(document.aside)
    for line in document.lines:
        yield from pieces_of(line)
    blocks: list[Any] = list(document.blocks)
    for block in blocks:
        yield from texts_of_block(block, is_folding=is_folding)
    for section in document.sections:
        yield section.title
        yield from pieces_of(section.note)
        for block in section.blocks:
            yield from texts_of_block(block, is_folding=is_folding)


def texts_of_block(block: Any, *, is_folding: bool) -> Iterator[str]:
    match block:
        case Table():
            for row in block.rows:
                for cell in row.cells:
                    yield from pieces_of(cell)
        case Fields():
            for name, lines in block.rows:
                yield name
                for line in lines:
                    yield from pieces_of(line)
        case Code() | Paragraph():
            yield from pieces_of(block.text if isinstance(block, Code) else block.line)
        case Folds():
            yield from texts_of_folds(block, is_folding=is_folding)
        case Notice():
            yield from pieces_of([block.badge, block.line])


def texts_of_folds(folds: Folds, *, is_folding: bool) -> Iterator[str]:
    for line in folds.head or ():
        yield from pieces_of(line)
    for row in folds.rows:
        for line in (row.lead, row.text, row.end):
            yield from pieces_of(line)
        for block in row.blocks if is_folding or not folds.in_place else ():
            yield from texts_of_block(block, is_folding=is_folding)


def check_output(value: Any) -> None:
    """Hold an object's outputs to all the rules at once."""
    document = describe(value)
    fragment = html.fragment(document)
    plain, marked, rich = text.render(document), markdown.render(document), text.render_rich(document)
    assert problems_of(fragment) == []
    assert len(fragment.encode()) <= LARGEST
    assert len(plain.encode()) <= 3 * LARGEST
    assert len(marked.encode()) <= 3 * LARGEST
    assert rich.plain == plain
    # What parts columns where there is no stylesheet.
    shown = html_text(fragment.replace("<i> | </i>", " "))
    for output in (shown, plain, marked):
        assert CONTROL.search(output) is None
    words = [squeeze(html.gated(one)) for one in texts_of(document)]
    assert squeeze(shown) == "".join(words)
    read = html_text(MARKDOWN.render(marked))
    for one in texts_of(document, is_folding=False):
        texts = html.gated(one).split()
        if isinstance(one, Cuttable):
            assert is_begun(texts, plain)
            assert is_begun(texts, read)
            continue
        for word in texts:
            # A long word goes on in the next line of a terminal, so look for its beginning.
            assert word[:20] in plain
            assert word in read
    assert "\n" not in repr(value)


def is_begun(words: list[str], output: str) -> bool:
    """Tell whether a text stands in an output whole, or cut behind one of its words."""
    return " ".join(words) in output or any(f"{' '.join(words[:number])}…" in output for number in range(1, len(words)))


@given(task_specs())
@settings(max_examples=100)
def test_any_task_shows_itself(message: Any) -> None:
    """Sound, bounded, free of control characters, and the same in all formats, whatever the task holds."""
    check_output(ftn.FlyteTask.from_flyte_idl(message))


@pytest.mark.parametrize("model", DISPLAYED, ids=lambda model: model.__name__)
def test_any_part_shows_itself(model: type[models.Model]) -> None:
    @given(messages(model.message_class))
    @settings(max_examples=25)
    def check(message: Any) -> None:
        check_output(model.from_flyte_idl(message))

    check()


def test_every_task_of_the_corpus_shows_itself(corpus: Path) -> None:
    """All 862 and more, without an error row, typically within 6 KB, and in full behind a sanitizer."""
    sizes = []
    for place, message in task_messages(corpus):
        task = ftn.FlyteTask.from_flyte_idl(message)
        check_output(task)
        fragment = html.fragment(describe(task))
        sizes.append(len(fragment.encode()))
        assert "cannot be shown" not in fragment, place
        assert squeeze(html_text(sanitize(fragment))) == squeeze(html_text(fragment)), place
    assert len(sizes) >= 862
    assert max(sizes) <= TYPICAL


def test_every_task_of_the_example_shows_itself(example: ftn.TaskCollection) -> None:
    """And each of its parts; those that several versions have in common once."""
    names = ("id", "interface", "metadata", "container", "k8s_pod", "sql", "docs")
    parts = {part for task in example for name in names if (part := getattr(task, name)) is not None}
    for shown in (*example, *parts, example):
        check_output(shown)


def test_an_output_carries_the_rules_that_it_needs(example: ftn.TaskCollection) -> None:
    """At most 3 KB of them: no rule of what is not there, and every other one."""
    name = "shops.training.train_global_model"
    old, *_, new = example.versions(name)
    outputs = (
        example, new, ftn.history(example.versions(name)), ftn.diff(old, new), example.versions(name), ftn.check(new),
        ftn.plan(example.latest(), example),
    )  # fmt: skip
    rules = html.stylesheet().splitlines(keepends=True)
    for output in outputs:
        sheet, body = output._repr_html_().removeprefix("<style>").split("</style>")
        assert len(sheet.encode()) <= LARGEST_STYLESHEET
        carried = sheet.splitlines(keepends=True)
        assert [rule for rule in rules if rule in carried] == carried
        used = set(" ".join(re.findall(r'class="([^"]*)"', body)).split())
        assert (used ^ set(re.findall(r"\.(ftn-[a-z]+)", sheet))) & {
            "ftn-bars",
            "ftn-wide",
            "ftn-g",
            "ftn-tag",
        } == set()


def test_stylesheet_is_scoped() -> None:
    """Every rule lies under our own class; no colour depends on the host's theme."""
    sheet = html.stylesheet()
    rules = re.sub(r"/\*.*?\*/|@container\([^)]*\){", "", sheet, flags=re.DOTALL)
    for selectors in re.findall(r"([^{}]+)\{", rules):
        assert all(one.strip().startswith(".ftn") for one in selectors.split(",")), selectors
    assert "var(" not in sheet
    assert "</" not in sheet


# -- bounds --------------------------------------------------------------------------------------------------------


def big_task(**parts: Any) -> ftn.FlyteTask:
    spec = task_pb2.TaskSpec()
    template = spec.template
    template.id.name, template.type = "shops.big", "python-task"
    for name, fill in parts.items():
        fill(getattr(template, name) if name != "description" else spec.description)
    return ftn.FlyteTask.from_flyte_idl(spec)


def many_inputs(interface: Any) -> None:
    for number in range(10_000):
        interface.inputs.variables[f"input_{number}"].type.simple = types_pb2.STRING


def deep_type(interface: Any) -> None:
    kind = interface.inputs.variables["x"].type
    for _ in range(20):
        kind.union_type.variants.add().simple = types_pb2.INTEGER
        kind = kind.union_type.variants.add().collection_type
    kind.simple = types_pb2.STRING


def wide_type(interface: Any) -> None:
    fields = interface.inputs.variables["x"].type
    fields.simple = types_pb2.STRUCT
    for number in range(20_000):
        fields.structure.dataclass_type[f"field_{number}"].simple = types_pb2.FLOAT


def many_env(container: Any) -> None:
    container.image = "i" * 100_000
    for number in range(5_000):
        container.env.add(key=f"KEY_{number}", value='"' * 1_000)
    container.args.extend(["--flag", "x" * 5_000] * 200)


def large_pod(pod: Any) -> None:
    containers = pod.pod_spec.fields["containers"].list_value
    for number in range(300):
        container = containers.values.add().struct_value
        container["name"] = f"c{number}"
        container["image"] = "<" * 2_000
        container["args"] = ["&" * 500] * 10


def large_custom(custom: Any) -> None:
    for number in range(600):
        custom[f"key_{number}"] = "\u202e" * 300


def long_docs(description: Any) -> None:
    description.short_description = "$" * 1_000_000
    description.long_description.value = "\\" * 1_000_000


def many_secrets(context: Any) -> None:
    for number in range(3_000):
        context.secrets.add(group="g" * 300, key=f"k{number}")


def large_metadata(metadata: Any) -> None:
    metadata.deprecated_error_message = "'" * 100_000
    metadata.discoverable = True
    metadata.discovery_version = "&" * 100_000
    metadata.cache_ignore_input_vars.extend(["v" * 500] * 500)
    metadata.pod_template_name = "p" * 50_000
    for number in range(2_000):
        metadata.tags[f"tag{number}"] = "<" * 500
        metadata.metadata.labels[f"label{number}"] = "<" * 500
        metadata.metadata.annotations[f"a{number}"] = "<" * 500


def large_sql(sql: Any) -> None:
    sql.statement = "SELECT a AS b, '<' -- c\n" * 50_000


def large_id(identifier: Any) -> None:
    identifier.name = identifier.project = identifier.domain = identifier.version = "<" * 200_000


BIG: dict[str, dict[str, Any]] = {
    "inputs": {"interface": many_inputs},
    "deep type": {"interface": deep_type},
    "wide type": {"interface": wide_type},
    "env": {"container": many_env},
    "pod": {"k8s_pod": large_pod},
    "custom": {"custom": large_custom},
    "docs": {"description": long_docs},
    "secrets": {"security_context": many_secrets},
    "metadata": {"metadata": large_metadata},
    "sql": {"sql": large_sql},
    "id": {"id": large_id},
    "all with a container": {
        "interface": many_inputs,
        "container": many_env,
        "custom": large_custom,
        "description": long_docs,
        "security_context": many_secrets,
        "metadata": large_metadata,
        "id": large_id,
    },
    "all with a pod": {
        "interface": wide_type,
        "k8s_pod": large_pod,
        "custom": large_custom,
        "description": long_docs,
        "security_context": many_secrets,
        "metadata": large_metadata,
        "id": large_id,
    },
}


@pytest.mark.parametrize("parts", BIG.values(), ids=BIG.keys())
def test_no_task_takes_more_than_32_kilobytes(parts: dict[str, Any]) -> None:
    """Whatever it holds; and what is cut says so."""
    task = big_task(**parts)
    check_output(task)
    assert "… " in task.to_text() or parts["interface"] is deep_type


def test_a_collection_is_bounded_too() -> None:
    task = big_task(interface=many_inputs, id=large_id)
    tasks = ftn.TaskCollection([task] * 50, failures=[])
    with ftn.set_options(max_rows=50):
        check_output(tasks)


# -- hostile values ------------------------------------------------------------------------------------------------


def test_hostile_texts_stay_texts() -> None:
    """In every place of a task: no tag, no attribute, no link, no escape sequence, no formula comes from a value."""
    spec = task_pb2.TaskSpec()
    template = spec.template
    template.id.name = template.id.project = template.id.version = template.type = HOSTILE
    template.interface.inputs.variables[HOSTILE].type.enum_type.values.append(HOSTILE)
    template.interface.inputs.variables[HOSTILE].description = HOSTILE
    template.container.image = HOSTILE
    template.container.args.append(HOSTILE)
    template.container.env.add(key=HOSTILE, value=HOSTILE)
    template.container.resources.requests.add(name=1, value=HOSTILE)
    template.custom[HOSTILE] = {HOSTILE: HOSTILE}
    template.metadata.deprecated_error_message = HOSTILE
    template.metadata.tags[HOSTILE] = HOSTILE
    template.security_context.secrets.add(group=HOSTILE, key=HOSTILE)
    template.extended_resources.gpu_accelerator.device = HOSTILE
    spec.description.short_description = HOSTILE
    spec.description.source_code.link = "javascript:alert(1)"
    task = ftn.FlyteTask.from_flyte_idl(spec)
    check_output(task)
    fragment = html.fragment(describe(task))
    assert "<script" not in fragment
    assert "javascript:alert(1)" in html_text(fragment)
    outside_code = re.sub(r"<code>.*?</code>", "", fragment, flags=re.DOTALL)
    assert re.search(r"\$(?!</span>)|\\(?!</span>)", outside_code) is None


def test_markdown_makes_nothing_of_a_value() -> None:
    """Read by a Markdown reader, hostile values are texts and code: no HTML, link, image, heading or emphasis."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "x"
    spec.template.metadata.deprecated_error_message = HOSTILE
    spec.description.short_description = "text with ![image](http://example.com/i.png) <b>bold</b> **strong** `code`"
    spec.template.container.env.add(key="A", value="``` `x` | y")
    shown = ftn.FlyteTask.from_flyte_idl(spec).to_markdown()
    tokens = [inner for token in MARKDOWN.parse(shown) for inner in [token, *(token.children or ())]]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "image", "link_open", "em_open"}
    assert {token.content for token in tokens if token.type == "html_inline"} <= {"<br>", "<span>", "</span>"}
    assert sum(token.type == "heading_open" for token in tokens) == 1


@given(st.lists(st.tuples(st.text(r"a1 `*_\|<&$.)", min_size=1, max_size=6), st.booleans()), min_size=1, max_size=5))
@example([("forecast:2026.", False), ("08", True)])
@example([("SUM(units", False), (" ", True), (") ", False), ("AS", True), (" units,", False)])
@example([("a\\|b", False), ("`c`", True), ("d", False)])
@example([("a", True), ("…", True), ("b", False), (" more", False)])
def test_markdown_shows_a_changed_value_as_it_is(parts: list[tuple[str, bool]]) -> None:
    """No blank between its pieces is added or lost, and what is marked, and nothing else, is bold."""
    cell = markdown.render(Document("x", blocks=[Table([Row(["name", Edit(parts, is_added=True)])])]))
    (shown,) = re.findall(r"<td>\+ (.*)</td>", MARKDOWN.render(cell))
    bold = "".join(re.findall(r"<(?:b|strong)>(.*?)</(?:b|strong)>", shown))
    for html_of_it, value in ((shown, parts), (bold, [part for part in parts if part[1]])):
        text_of_it = unescape(re.sub(r"<[^>]*>", "", html_of_it))
        assert text_of_it.strip() == "".join(one for one, _ in value).strip()


# -- failing parts and options -------------------------------------------------------------------------------------


def test_a_part_that_cannot_be_described_does_not_hide_the_others(
    example: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes a visible error row; an object of which nothing else is left says so too."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("no way")

    monkeypatch.setattr("flytetask_nb.views.tasks.metadata_section", fail)
    monkeypatch.setattr("flytetask_nb.views.settings.metadata_section", fail)
    task = example["shops.training.train_global_model"]
    for output in (task.to_text(), html_text(task.to_html()), task.to_markdown()):
        assert "ZeroDivisionError: no way" in output
        assert "shared memory" in output
    assert "ZeroDivisionError: no way" in task.metadata.to_text()
    check_output(task)


def test_a_time_limit_beyond_python_s_is_told() -> None:
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "x"
    spec.template.metadata.timeout.seconds = 2**62
    task = ftn.FlyteTask.from_flyte_idl(spec)
    assert str(2**62) in task.to_text()
    check_output(task)


def test_sections_open_and_close_by_option(example: ftn.TaskCollection) -> None:
    task = example["shops.training.train_global_model"]
    assert 0 < html.fragment(describe(task)).count("<details open>") < html.fragment(describe(task)).count("<details")
    with ftn.set_options(expand=True):
        assert html.fragment(describe(task)).count("<details open>") == html.fragment(describe(task)).count("<details")
    with ftn.set_options(expand=False):
        assert "<details open>" not in html.fragment(describe(task))


def test_rows_of_a_collection_by_option(example: ftn.TaskCollection) -> None:
    with ftn.set_options(max_rows=3):
        assert f"… {len(example) - 3} more" in example.to_text()


# -- determinism ---------------------------------------------------------------------------------------------------

SHOW_ALL = """
import sys, flytetask_nb as ftn
tasks = ftn.load(sys.argv[1])
sys.stdout.reconfigure(encoding="utf-8")
for task in tasks:
    print(task.to_html(), task.to_text(), task.to_markdown(), repr(task), repr(task.container), task.custom)
print(tasks.to_html(), repr(tasks))
"""


def test_outputs_are_the_same_in_every_process() -> None:
    """Protobuf's maps iterate differently from one process to the next, and hashes of texts do too."""
    archive = str(ROOT / "notebooks" / "example" / "archives" / "2026.10.tgz")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SHOW_ALL, archive],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1

"""What a diff makes of tasks of any origin, how it is shown, and what it says of the cache."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from tests.conftest import ROOT, flytekit_module
from tests.diffs.strategies import interfaces
from tests.real_tasks import serialized_tasks
from tests.views.allowlist import sanitize

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVES = ROOT / "notebooks" / "example" / "archives"


def changed(old: str, new: str, task: str) -> ftn.TaskDiff:
    return ftn.diff(*(ftn.load(str(ARCHIVES / f"{name}.tgz"))[f"shops.{task}"] for name in (old, new)))


def spec(**container: Any) -> task_pb2.TaskSpec:
    made = task_pb2.TaskSpec()
    made.template.id.name = "train"
    made.template.container.CopyFrom(tasks_pb2.Container(**container))
    return made


def env(**values: str) -> list[Any]:
    from flyteidl.core import literals_pb2  # noqa: PLC0415 - a helper's own

    return [literals_pb2.KeyValuePair(key=key, value=value) for key, value in values.items()]


def told(old: Any, new: Any) -> list[tuple[str, str, str]]:
    found = ftn.diff(old, new)
    return [(change.rule, change.path, change.severity) for change in (*found.changes, *found.noise)]


# -- normal forms --------------------------------------------------------------------------------------------------


def test_spellings_of_one_amount_are_no_change() -> None:
    cpu = tasks_pb2.Resources.CPU
    amounts = [tasks_pb2.Resources(requests=[{"name": cpu, "value": text}]) for text in ("0.5", "500m", "2")]
    assert told(spec(resources=amounts[0]), spec(resources=amounts[1])) == []
    assert told(spec(resources=amounts[1]), spec(resources=amounts[2])) == [
        ("request-raised", "container.requests.cpu", "cost")
    ]


def test_the_order_of_variables_counts_only_where_they_refer_to_each_other() -> None:
    assert told(spec(env=env(A="1", B="2")), spec(env=env(B="2", A="1"))) == []
    assert told(spec(env=env(A="1", B="$(A)")), spec(env=env(B="$(A)", A="1"))) == [
        ("env-reordered", "container.env.B", "behaviour")
    ]


def test_json_inside_a_text_is_compared_by_what_it_holds() -> None:
    assert told(spec(env=env(A='{"x": 1, "y": 2}')), spec(env=env(A='{"y":2,"x":1.0}'))) == []


def test_presence_of_an_empty_message_is_no_change() -> None:
    """What flytekit always writes, an empty generates_deck and empty labels, equals nothing."""
    old, new = spec(), spec()
    new.template.metadata.generates_deck.SetInParent()
    new.template.metadata.metadata.SetInParent()
    assert told(old, new) == []


def test_unset_and_false_differ_where_presence_counts() -> None:
    old, new = spec(), spec()
    new.template.metadata.interruptible = False
    (change,) = ftn.diff(old, new).changes
    assert (change.rule, change.old, change.new, change.effective) == ("interruptible", None, False, "recompile")


@pytest.mark.parametrize(
    ("old", "new", "beginning"),
    [
        (None, True, "Runs may now be placed on spot machines"),
        (False, True, "Runs may now be placed on spot machines"),
        (True, False, "Runs are not to be placed on spot machines"),
        (None, False, "Runs are not to be placed on spot machines"),
        (True, None, "Workflow and platform decide whether"),
    ],
)
def test_which_way_interruptible_went_is_told(old: bool | None, new: bool | None, beginning: str) -> None:
    sides = spec(), spec()
    for side, value in zip(sides, (old, new), strict=True):
        if value is not None:
            side.template.metadata.interruptible = value
    (change,) = ftn.diff(*sides).changes
    assert change.reason.startswith(beginning)


def test_long_equal_stretches_are_cut_between_words() -> None:
    """Of a type whole fields are left at its end."""
    shown = changed("2026.07", "2026.08", "ingest.fetch_weather").to_markdown()
    assert "`StructuredDataset[{day: … rain: float`**`, wind: float`**`}]`" in shown


def test_further_headlines_are_counted() -> None:
    """Those behind the first six."""
    old, new = spec(), spec()
    for number in range(8):
        new.template.interface.inputs.variables[f"x{number}"].type.simple = 1
    assert "… 2 more headlines" in ftn.diff(old, new).to_text().splitlines()


# -- commands, images, resources -----------------------------------------------------------------------------------


def test_arguments_are_compared_by_flag() -> None:
    old = spec(args=["run", "--depth", "3", "--fast", "x"])
    new = spec(args=["run", "--fast", "x", "--depth", "4", "more"])
    assert [(rule, path) for rule, path, _ in told(old, new)] == [
        ("argument-changed", "container.args.--depth"),
        ("argument-added", "container.args.more"),
        ("argument-moved", "container.args"),
    ]


def test_an_input_that_the_command_asks_for_must_be_there() -> None:
    old, new = spec(args=["{{.inputs.x}}"]), spec(args=["{{.Inputs.x}}"])
    old.template.interface.inputs.variables["x"].type.simple = 1
    assert ("template-input-gone", "container.args", "breaking") in told(old, new)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("acme/risk:1.1.0", "acme/risk:2.0.0", "image-tag"),
        ("acme/risk:basics-0b350cd3", "acme/risk:basics-c9b2c44d", "image-release-tag"),
        ("acme/risk:1.1.0", "acme/risk:latest", "image-tag"),
        ("acme/risk:1.1.0", "acme/other:1.1.0", "image-repository"),
        (f"acme/risk@sha256:{'a' * 64}", f"acme/risk@sha256:{'b' * 64}", "image-digest"),
    ],
)
def test_images_are_compared_by_their_parts(old: str, new: str, rule: str) -> None:
    assert [found for found, _, _ in told(spec(image=old), spec(image=new))] == [rule]


def test_what_repeats_the_image_is_folded_with_it() -> None:
    old, new = (spec(image=tag, env=env(IMAGE=f"used: {tag}")) for tag in ("acme/risk:0b350cd3", "acme/risk:c9b2c44d"))
    assert not ftn.diff(old, new)
    assert [change.rule for change in ftn.diff(old, new).noise] == ["image-release-tag", "release-echo"]


def test_resources_that_registration_refuses_are_breaking() -> None:
    cpu = tasks_pb2.Resources.CPU
    fine, refused = (
        tasks_pb2.Resources(requests=[{"name": cpu, "value": text}], limits=[{"name": cpu, "value": "2"}])
        for text in ("1", "4")
    )
    assert told(spec(resources=fine), spec(resources=refused))[0] == (
        "resources-refused",
        "container.resources",
        "breaking",
    )


def test_a_container_and_a_pod_are_compared_as_far_as_both_have_the_same() -> None:
    """The image is the same, so only the switch itself is told: the pod's container is the old one."""
    old, new = spec(image="acme/risk:1"), task_pb2.TaskSpec()
    new.template.id.name = "train"
    new.template.k8s_pod.primary_container_name = "main"
    new.template.k8s_pod.pod_spec.update({"containers": [{"name": "main", "image": "acme/risk:1"}]})
    assert [rule for rule, _, _ in told(old, new)] == ["target-switched"]


# -- the cache -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ({}, {}, "not cached"),
        ({}, {"discoverable": True, "discovery_version": "1"}, "on"),
        ({"discoverable": True, "discovery_version": "1"}, {}, "off"),
        ({"discoverable": True}, {"discoverable": True}, "no key"),
        (
            {"discoverable": True, "discovery_version": "1"},
            {"discoverable": True, "discovery_version": "2"},
            "invalidated",
        ),
        (
            {"discoverable": True, "discovery_version": "1"},
            {"discoverable": True, "discovery_version": "1", "retries": {"retries": 1}},
            "unchanged",
        ),
        (
            {"discoverable": True, "discovery_version": "1", "cache_ignore_input_vars": ["x"]},
            {"discoverable": True, "discovery_version": "1"},
            "tags rotated",
        ),
    ],
)
def test_the_cache_has_a_verdict(old: Any, new: Any, verdict: str) -> None:
    tasks = spec(), spec()
    for task, metadata in zip(tasks, (old, new), strict=True):
        task.template.metadata.CopyFrom(tasks_pb2.TaskMetadata(**metadata))
    assert ftn.diff(*tasks).cache.verdict == verdict


def mapped(output: dict[str, Any], **metadata: Any) -> Any:
    made = spec(args=["pyflyte-map-execute", "--", "vars", ""])
    ParseDict({"discoverable": True, "discoveryVersion": "1", **metadata}, made.template.metadata)
    ParseDict({"variables": {"o0": output}}, made.template.interface.outputs)
    return made


LIST: dict[str, Any] = {"type": {"collectionType": {"simple": "INTEGER"}}}


def test_what_belongs_to_the_list_of_a_map_task_does_not_move_its_key() -> None:
    """Its items are kept without it, so no change of it invalidates them; of any other task it does."""
    tagged = {**LIST, "artifactTag": {"artifactKey": {"name": "a"}}}
    found = ftn.diff(mapped(LIST), mapped(tagged))
    assert [(change.rule, change.cache) for change in found.changes] == [("artifact", "none")]
    assert (found.cache.verdict, found.cache.stale_risk) == ("unchanged", False)
    plain = [mapped(output) for output in (LIST, tagged)]
    for one in plain:
        one.template.container.args[0] = "pyflyte-execute"
    found = ftn.diff(*plain)
    assert [change.cache for change in found.changes] == ["invalidates"]
    assert found.cache.verdict == "invalidated"


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(interfaces(), st.booleans())
def test_a_change_is_said_to_invalidate_if_the_key_moves(pair: tuple[Any, Any], is_mapped: bool) -> None:
    for one in pair:
        one.template.container.args.append("pyflyte-map-execute" if is_mapped else "pyflyte-execute")
        ParseDict({"discoverable": True, "discoveryVersion": "1"}, one.template.metadata)
    found = ftn.diff(*pair)
    assert ("invalidates" in {change.cache for change in found.changes}) == (found.cache.verdict == "invalidated")


def test_the_key_of_a_map_task_is_that_of_its_items_wherever_it_is_shown() -> None:
    """In a diff's verdict and headline, a history, a plan, a table, and what asks for stale caches."""
    element = {"type": {"simple": "INTEGER"}}
    old, new = mapped(LIST), mapped({"type": {"collectionType": {"simple": "FLOAT"}}})
    items = [ftn.semantics.cache_key(mapped(output)).version for output in (element, {"type": {"simple": "FLOAT"}})]
    found = ftn.diff(old, new)
    assert found.cache.before is not None
    assert found.cache.after is not None
    assert [found.cache.before.version, found.cache.after.version] == items
    assert all(version in found.headlines[-1] for version in items)
    tasks = [ftn.FlyteTask.from_flyte_idl(one) for one in (old, new)]
    keys = ftn.tabulate(tasks, ["cache_key"])["cache_key"].tolist()
    assert [key.rpartition("/")[2] for key in keys] == items
    assert ftn.history(tasks).diff(0, 1).cache.after == found.cache.after


# -- what no rule knows --------------------------------------------------------------------------------------------


def test_a_field_of_a_newer_flyteidl_is_told() -> None:
    old, new = spec(), spec()
    new.template.metadata.MergeFromString(b"\xba\xa6\x02\x03new")
    assert told(old, new) == [("unclassified", "metadata['(unknown fields)']", "behaviour")]


def test_real_tasks_have_no_change_that_no_rule_knows(corpus: Path) -> None:
    """And a change is said to invalidate the cache if and only if the key moves."""
    versions: dict[str, list[tuple[str, bytes]]] = {}
    for place, data in serialized_tasks(corpus).items():
        versions.setdefault(task_pb2.TaskSpec.FromString(data).template.id.name, []).append((place, data))
    for found in versions.values():
        for (_, old), (_, new) in pairwise(sorted(found)):
            tasks = [ftn.FlyteTask.from_bytes(data) for data in (old, new)]
            changes = ftn.diff(*tasks).changes
            assert "unclassified" not in {change.rule for change in changes}
            keys = [ftn.semantics.cache_key(task, cache_version="1") for task in tasks]
            moves = {change.cache for change in changes if change.rule != "cache-version"}
            assert ("invalidates" in moves) == (keys[0].version != keys[1].version), changes


# -- where tasks come from -----------------------------------------------------------------------------------------


def test_messages_models_and_templates_are_all_taken() -> None:
    old, new = spec(image="acme/risk:1.0"), spec(image="acme/other:1.0")
    task = ftn.FlyteTask.from_flyte_idl
    closure = task_pb2.TaskClosure()
    closure.compiled_task.template.CopyFrom(new.template)
    expected = told(old, new)
    assert expected
    assert told(task(old), task(new)) == told(old.template, closure) == told(task(old).template, new) == expected


def test_flytekit_objects_are_taken() -> None:
    models = flytekit_module("flytekit.models.task")
    old, new = spec(image="acme/risk:1.0"), spec(image="acme/other:1.0")
    kit = [models.TaskTemplate.from_flyte_idl(one.template) for one in (old, new)]
    assert [rule for rule, _, _ in told(*kit)] == ["image-repository"]


def test_later_changes_of_a_message_do_not_reach_the_diff() -> None:
    old, new = spec(image="acme/risk:1.0"), spec(image="acme/other:1.0")
    found = ftn.diff(old, new)
    new.template.container.image = "gone"
    assert found.new.container is not None
    assert found.new.container.image == "acme/other:1.0"


def test_anything_else_is_refused() -> None:
    with pytest.raises(ftn.errors.ModelTypeError):
        ftn.diff(spec(), "train")


# -- outputs -------------------------------------------------------------------------------------------------------


def test_reversed_is_the_other_direction() -> None:
    found = changed("2026.08", "2026.09", "features.join_features")
    back = found.reversed()
    assert [change.rule for change in back.changes if "limit" in change.rule] == ["limit-lowered"]
    assert back.reversed().to_dict() == found.to_dict()


def test_everything_that_is_shown_survives_an_untrusted_notebook() -> None:
    html = changed("2026.03", "2026.10", "training.train_global_model").to_html()
    # What is lost is what titles are to a screen reader: it tells them as text then.
    body = re.sub(' role="heading" aria-level="[0-9]"', "", html.partition("</style>")[2])
    kept = sanitize(body).replace("<tbody>", "").replace("</tbody>", "")
    assert re.findall("<[^>]*>", kept) == re.findall("<[^>]*>", body.replace("<details open>", '<details open="">'))


def test_hostile_values_are_escaped_and_long_ones_cut() -> None:
    """Thousands of changes with markup in them fit into 32 KB, and none becomes a tag."""
    values = [{f"<b>{number}</b>": f"<script>{tone * 200}" for number in range(1_000)} for tone in "xy"]
    found = ftn.diff(*(spec(env=[*env(**one)]) for one in values))
    html = found.to_html()
    assert len(found.changes) == 1_000
    assert len(html.encode()) <= 32_768
    assert "<script>" not in html
    assert "more" in html


def test_formats_agree_on_verdict_and_sections() -> None:
    found = changed("2026.06", "2026.07", "ingest.daily_sales")
    for text in (found.to_text(), found.to_markdown(), found.to_html()):
        assert "2 behaviour" in text
        assert text.index("Execution") < text.index("Metadata")
    assert found._repr_mimebundle_()["text/plain"] == found.to_text()
    assert "receipts_with_returns" in str(found.__rich__())


def test_nothing_in_an_output_depends_on_the_run() -> None:
    first, second = (changed("2026.03", "2026.10", "training.train_global_model") for _ in range(2))
    assert first.to_html() == second.to_html()
    assert first.to_dict() == second.to_dict()
    assert first.changes == second.changes

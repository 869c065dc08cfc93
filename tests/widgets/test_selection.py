"""The state behind the pickers for one task."""

from __future__ import annotations

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.widgets.selection import NAMES_SHOWN, TaskSelection, as_collection, version_labels


def named(name: str, version: str = "v1", project: str = "p", domain: str = "d") -> ftn.FlyteTask:
    """Return a task that is nothing but its id."""
    identifier = ftn.models.Identifier(ftn.models.ResourceType.TASK, project, domain, name, version)
    return ftn.FlyteTask.from_flyte_idl(ftn.models.TaskTemplate.from_bytes(b"").replace(id=identifier).to_flyte_idl())


def test_the_newest_version_of_the_first_name_comes_first(releases: ftn.TaskCollection) -> None:
    selection = TaskSelection(releases)
    assert selection.name == releases.names[0]
    assert selection.versions == tuple(releases.versions(selection.name).column("version")[::-1])
    assert selection.version == selection.versions[0]
    assert selection.task == releases[selection.name]


def test_a_name_brings_its_newest_version(releases: ftn.TaskCollection, train: str) -> None:
    selection = TaskSelection(releases)
    selection.name = train
    assert (selection.version, selection.task) == ("2026.10", releases[train])


def test_a_version_brings_its_task(releases: ftn.TaskCollection, train: str) -> None:
    selection = TaskSelection(releases)
    selection.name = train
    selection.version = "2026.04"
    assert selection.task is not None
    assert selection.task.id.version == "2026.04"


def test_a_task_brings_its_name_and_version(releases: ftn.TaskCollection, train: str) -> None:
    selection = TaskSelection(releases)
    selection.task = releases.versions(train)[2]
    assert (selection.name, selection.version) == (train, "2026.05")


def test_a_foreign_task_leaves_nothing_chosen(releases: ftn.TaskCollection) -> None:
    selection = TaskSelection(releases)
    foreign = named("elsewhere")
    selection.task = foreign
    assert (selection.name, selection.versions, selection.version, selection.task) == ("", (), "", foreign)


def test_who_observes_the_task_sees_the_name_that_belongs_to_it(releases: ftn.TaskCollection, train: str) -> None:
    selection = TaskSelection(releases)
    seen: list[tuple[str, str]] = []
    selection.observe(lambda change: seen.append((change.new.name, selection.name)), "task")
    selection.name = train
    assert seen == [(train, train)]


def test_an_unknown_name_changes_nothing_and_is_named(releases: ftn.TaskCollection, train: str) -> None:
    selection = TaskSelection(releases)
    selection.name = train
    with pytest.raises(ftn.errors.TaskNotFoundError, match=r"no\.such\.task"):
        selection.name = "no.such.task"
    assert (selection.name, selection.version) == (train, "2026.10")


def test_an_unknown_version_changes_nothing_and_is_named(releases: ftn.TaskCollection) -> None:
    selection = TaskSelection(releases)
    before = selection.version
    with pytest.raises(ftn.errors.TaskNotFoundError, match=r"2099\.01"):
        selection.version = "2099.01"
    assert selection.version == before


def test_a_search_finds_names_with_all_of_its_words(releases: ftn.TaskCollection) -> None:
    selection = TaskSelection(releases)
    chosen = selection.name
    selection.query = "MODEL train"
    assert selection.names
    assert all("train" in name and "model" in name for name in selection.names)
    assert selection.name == chosen


def test_a_long_list_of_names_is_cut_and_counted() -> None:
    selection = TaskSelection(ftn.TaskCollection([named(f"task-{number}") for number in range(NAMES_SHOWN + 7)]))
    assert (len(selection.names), selection.matching) == (NAMES_SHOWN, NAMES_SHOWN + 7)


def test_other_tasks_keep_name_and_version_where_they_can(releases: ftn.TaskCollection, train: str) -> None:
    selection = TaskSelection(releases)
    selection.name = train
    selection.version = "2026.04"
    selection.tasks = releases.versions(train)[:4]
    assert (selection.name, selection.version) == (train, "2026.04")
    selection.tasks = ftn.TaskCollection([named("only")])
    assert (selection.name, selection.version) == ("only", "v1")
    selection.tasks = ftn.TaskCollection()
    assert (selection.name, selection.task) == ("", None)


@pytest.mark.parametrize(
    ("tasks", "labels"),
    [
        ([named("a", "v1"), named("a", "v2")], ["v1", "v2"]),
        ([named("a", "v1"), named("a", "v1", domain="e")], ["v1 · p / d", "v1 · p / e"]),
        ([named("a", ""), named("a", "")], ["(no version) · no. 1", "(no version) · no. 2"]),
    ],
)
def test_labels_tell_versions_apart(tasks: list[ftn.FlyteTask], labels: list[str]) -> None:
    assert version_labels(ftn.TaskCollection(tasks)) == labels


def test_a_single_task_becomes_a_collection(releases: ftn.TaskCollection) -> None:
    assert as_collection(releases[0]) == releases[:1]
    assert as_collection([releases[0]]) == releases[:1]
    assert as_collection(releases[0].to_flyte_idl()) == releases[:1]
    assert as_collection(releases) is releases


@pytest.mark.parametrize("tasks", ["release.tgz", b"", 3, None])
def test_what_is_no_task_is_refused(tasks: object) -> None:
    with pytest.raises(ftn.errors.ModelTypeError, match=r"^tasks is .*; expected tasks"):
        as_collection(tasks)


def test_tasks_of_two_domains_are_two_names() -> None:
    """Each is chosen by itself; a name alone is answered with what it could be."""
    tasks = ftn.TaskCollection([named("a", "v1", domain=domain) for domain in ("dev", "prod")] + [named("b")])
    selection = TaskSelection(tasks)
    assert selection.names == ("b", "p/dev/a", "p/prod/a")
    selection.name = "p/prod/a"
    assert selection.task is not None
    assert (selection.task.id.domain, selection.versions) == ("prod", ("v1",))
    selection.task = tasks["p/dev/a"]
    assert selection.name == "p/dev/a"
    selection.name = "p/d/b"
    assert selection.name == "b"
    with pytest.raises(
        ftn.errors.TaskNotFoundError, match="'a' is the name of tasks in 2 places; give one of 'p/dev/a', 'p/prod/a'"
    ):
        selection.name = "a"


def test_placeholders_are_no_labels() -> None:
    tasks = ftn.TaskCollection([named("a", "{{ registration.version }}")])
    assert TaskSelection(tasks).versions == ("(no version)",)


@pytest.mark.parametrize("query", ["SPARK", "gpu:2", "discount", "model gpu"])
def test_a_search_looks_at_type_image_and_variables_too(query: str) -> None:
    spec = task_pb2.TaskSpec()
    spec.template.id.name, spec.template.type = "shop.fit_model", "spark"
    spec.template.container.image = "example.com/gpu:2"
    spec.template.interface.inputs.variables["discount"].type.simple = 1
    selection = TaskSelection(ftn.TaskCollection([named("a.other"), spec]))
    selection.query = query
    assert selection.names == ("shop.fit_model",)
    selection.pick_first()
    assert selection.name == "shop.fit_model"


def test_a_search_that_finds_nothing_picks_nothing(releases: ftn.TaskCollection) -> None:
    selection = TaskSelection(releases)
    before = selection.name
    selection.query = "no such thing"
    selection.pick_first()
    assert selection.name == before

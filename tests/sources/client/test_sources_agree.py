"""A task is the same wherever it was read from: what one source leaves out is no change.

Tasks of real archives are registered with an embedded Admin over gRPC, as pyflyte and as flytectl register them, and
read back in every way there is; then any two sources are held against each other.
"""

from __future__ import annotations

import itertools
import json
import pickle
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import yaml
from flyteidl.admin import common_pb2, description_entity_pb2, task_pb2
from flyteidl.service.admin_pb2_grpc import AdminServiceStub
from google.protobuf.json_format import MessageToDict

import flytetask_nb as ftn
from flytetask_nb.diffs.flattening import flatten
from tests.conftest import DATA, ROOT, flytekit_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = {"project": "flytesnacks", "domain": "development", "version": "v1"}
CODE = {"source_uploaded_location": "s3://bucket/fast0123.tar.gz", "destination_directory": "/root"}
ARCHIVES = [
    DATA / "vectors" / "fast-archive.tgz",
    *sorted((DATA / "corpus" / "2025-03-c9b2c44d").glob("*.tgz")),
    # With pods, dynamic tasks, SQL, descriptions long and short.
    ROOT / "notebooks" / "example" / "archives" / "2026.10.tgz",
]
SERVERS = ("fetched", "listed", "message", "closure", "JSON", "YAML", "REST")


def sent_by_pyflyte(task: ftn.FlyteTask) -> task_pb2.TaskSpec:
    """Return a packaged task as pyflyte sends it: with the place of its code, and its pod as it is."""
    found = task.to_flyte_idl()
    words = {"{{ .remote_package_path }}": CODE["source_uploaded_location"], "{{ .dest_dir }}": "/root"}
    args = found.template.container.args
    if found.template.HasField("container"):
        args[:] = [words.get(word, word) for word in args]
    elif found.template.HasField("k8s_pod"):
        for container in found.template.k8s_pod.pod_spec["containers"]:
            if "args" in container:
                held = container["args"]
                for place, word in enumerate(held):
                    held[place] = words.get(word, word)
    return found


def written(folder: Path, messages: list[Any]) -> dict[str, ftn.TaskCollection]:
    """Write what a server answered as its clients print it, and read that."""
    printed = [MessageToDict(message) for message in messages]
    (folder / "tasks.json").write_text(json.dumps(printed), encoding="utf-8")
    (folder / "tasks.yaml").write_text(yaml.safe_dump(printed), encoding="utf-8")
    # The REST gateway writes what is not set as well.
    whole = [MessageToDict(message, always_print_fields_with_no_presence=True) for message in messages]
    (folder / "rest.json").write_text(json.dumps({"tasks": whole, "token": ""}), encoding="utf-8")
    return {
        "JSON": ftn.load(folder / "tasks.json"),
        "YAML": ftn.load(folder / "tasks.yaml"),
        "REST": ftn.load(folder / "rest.json"),
    }


@pytest.fixture(scope="module", params=["pyflyte", "flytectl"])
def sources(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ftn.TaskCollection]:
    folder = tmp_path_factory.mktemp(request.param)
    packaged = ftn.load(ARCHIVES).latest()
    filled = ftn.load(ARCHIVES, **PLACE).latest()
    hydrated = ftn.load(ARCHIVES, **PLACE, **CODE).latest()
    registered = [sent_by_pyflyte(task) for task in filled]
    sent = registered if request.param == "pyflyte" else [task.to_flyte_idl() for task in hydrated]
    with ftn.sandbox() as admin, grpc.insecure_channel(admin.endpoint) as channel:
        stub = AdminServiceStub(channel)
        for spec in sent:
            stub.CreateTask(task_pb2.TaskCreateRequest(id=spec.template.id, spec=spec))
        messages = [stub.GetTask(common_pb2.ObjectGetRequest(id=spec.template.id)) for spec in sent]
        with ftn.connect(admin.endpoint, insecure=True, project=PLACE["project"], domain=PLACE["domain"]) as remote:
            listed = remote.list_tasks()
            fetched = [remote.fetch_task(name=name, version="v1") for name in listed.names]
            described = [remote.fetch_task(name=name, version="v1", description=True) for name in listed.names]
    found = {
        "packaged": packaged,
        "filled in": filled,
        "hydrated": hydrated,
        "registered": ftn.TaskCollection(registered),
        "fetched": ftn.TaskCollection(fetched),
        "described": ftn.TaskCollection(described),
        "listed": listed,
        "message": ftn.TaskCollection(messages),
        "closure": ftn.TaskCollection([message.closure for message in messages]),
        **written(folder, messages),
    }
    for name in ("packaged", "fetched", "described"):
        found[name].save(folder / f"{name}.parquet")
        found[f"snapshot of {name}"] = ftn.load(folder / f"{name}.parquet")
    return found


def different(sources: dict[str, ftn.TaskCollection]) -> dict[str, ftn.TaskCollection]:
    """Leave out sources whose tasks are, bit for bit, those of another: what holds of the one holds of both."""
    found = {
        tuple(pickle.dumps(tasks[task]) for task in tasks.names): name for name, tasks in reversed(sources.items())
    }
    return {name: sources[name] for name in sources if name in found.values()}


def pairs(sources: dict[str, ftn.TaskCollection]) -> Iterator[tuple[str, str, ftn.FlyteTask, ftn.FlyteTask]]:
    for (one, mine), (other, theirs) in itertools.permutations(different(sources).items(), 2):
        for name in mine.names:
            yield f"{one} → {other}", name, mine[name], theirs[name]


def test_all_sources_have_the_same_tasks(sources: dict[str, ftn.TaskCollection]) -> None:
    names = sources["packaged"].names
    assert len(names) > 30
    assert {name for name, found in sources.items() if found.names != names} == set()


def test_no_two_sources_differ(sources: dict[str, ftn.TaskCollection]) -> None:
    """But for what registration fills in, which is noise and makes no cache stale."""
    told = []
    for where, name, old, new in pairs(sources):
        found = ftn.diff(old, new)
        told += [(where, name, change) for change in found.changes]
        told += [(where, name, change) for change in found.noise if change.rule != "id-filled-in"]
        if found or found.cache.stale_risk or found.severity:
            told.append((where, name, found.cache))
    assert told == []


def test_what_is_not_compared_is_told(sources: dict[str, ftn.TaskCollection]) -> None:
    """A description that only one side tells, and nothing else."""
    name = next(task.name for task in sources["packaged"] if task.docs is not None)
    for server in (*SERVERS, "snapshot of fetched"):
        for other in ("packaged", "described", "snapshot of described"):
            found = ftn.diff(sources[other][name], sources[server][name])
            assert found.left_out == ("description",)
            assert found.to_dict()["left_out"] == ["description"]
            assert "not compared, for only one side tells it: description" in found.to_text()
        assert ftn.diff(sources[server][name], sources["fetched"][name]).left_out == ()
    assert ftn.diff(sources["packaged"][name], sources["described"][name]).left_out == ()


def test_what_was_not_fetched_is_shown_as_such(sources: dict[str, ftn.TaskCollection]) -> None:
    """And how to fetch it; where a source has nothing to fetch from, nothing is said."""
    name = next(task.name for task in sources["packaged"] if task.docs is not None)
    told = {source for source, found in sources.items() if "not fetched" in found[name].to_text()}
    assert told == {"fetched", "listed", "snapshot of fetched"}


def test_a_refused_registration_is_compared_by_what_both_tell(sources: dict[str, ftn.TaskCollection]) -> None:
    """The same id with another structure: nothing is said of the description that the server did not give."""
    name = next(task.name for task in sources["packaged"] if task.docs is not None)
    mine = sources["hydrated"][name].replace(type="other")
    (entry,) = ftn.plan([mine], [sources["fetched"][name]])
    assert entry.status == "conflict"
    assert entry.diff is not None
    assert ([change.path for change in entry.diff.changes if not change.is_consequence], entry.diff.left_out) == (
        ["type"],
        ("description",),
    )


def test_a_history_of_any_two_sources_has_no_step(sources: dict[str, ftn.TaskCollection]) -> None:
    """Nothing changes in it but ids and what stands in for the place of the code."""
    told = []
    # A history takes longer than a diff: of each kind of task a few.
    kinds = Counter[str]()
    names = [task.name for task in sources["packaged"] if not kinds.update([task.type]) and kinds[task.type] <= 2]
    chosen = {name: found.filter(lambda task: task.name in names) for name, found in sources.items()}
    for where, name, old, new in pairs(chosen):
        history = ftn.history([old, new])
        changing = [path for path in history.changing if not path.startswith("id.") and not path.endswith(".args")]
        told += [(where, name, path) for path in changing]
        told += [(where, name, change) for _, step in history.steps for change in step.changes]
    assert told == []


def test_a_history_of_all_sources_shows_what_is_unknown_as_unknown(sources: dict[str, ftn.TaskCollection]) -> None:
    """Neither as empty nor as what the others say."""
    name = next(task.name for task in sources["packaged"] if task._message.description.short_description)
    history = ftn.history([found[name] for found in sources.values()])
    text = sources["packaged"][name]._message.description.short_description
    path = "description.short_description"
    known = [not history.is_unknown(path, position) for position in range(len(history))]
    assert known == [not any(word in {source, source.rpartition(" ")[2]} for word in SERVERS) for source in sources]
    assert [history.value(path, position) for position in range(len(history))] == [
        text if one else None for one in known
    ]
    blame = history.blame().set_index("field").loc[path]
    assert (blame["introduced"], blame["changes"], blame["reverted"]) == (history.versions[0], 0, False)
    assert path not in history.matrix().index


def test_a_plan_of_any_two_sources_changes_nothing(sources: dict[str, ftn.TaskCollection]) -> None:
    """Where Admin would refuse another structure, tools alone made it."""
    told = []
    for (one, mine), (other, theirs) in itertools.permutations(different(sources).items(), 2):
        for entry in ftn.plan(mine, theirs):
            is_explained = entry.status == "identical" or not entry.diff
            if not is_explained or (entry.status == "conflict" and not entry.tool_differences):
                told.append((one, other, entry))
    assert told == []


def test_tables_say_the_same_wherever_they_know(sources: dict[str, ftn.TaskCollection]) -> None:
    """A short description comes with every answer of a server; times come from servers alone."""
    columns = ["name", "type", "image", "signature", "short_description"]
    expected = sources["packaged"].to_frame(columns).sort_values("name", ignore_index=True)
    for name in ("fetched", "listed", "message", "JSON", "YAML", "REST", "described", "snapshot of fetched"):
        assert sources[name].to_frame(columns).sort_values("name", ignore_index=True).equals(expected), name
        assert sources[name].to_frame(["created_at"])["created_at"].notna().all()
    assert sources["packaged"].to_frame(["created_at"])["created_at"].isna().all()


def test_a_change_that_both_sides_tell_is_one(sources: dict[str, ftn.TaskCollection]) -> None:
    """What the sources know is compared as ever."""
    old = sources["fetched"]["shop.a"]
    new = sources["packaged"]["shop.a"]
    assert [change.path for change in ftn.diff(old, new.replace(type="other")).changes] == ["type"]
    docs = ftn.models.Documentation(short_description="other")
    described = sources["described"]["shop.a"]
    assert "documentation" in {change.rule for change in ftn.diff(described, new.replace(docs=docs)).changes}
    assert "documentation" in {change.rule for change in ftn.diff(old.replace(docs=docs), described).changes}
    assert not ftn.diff(old.replace(docs=docs), new.replace(docs=docs))


# -- one by one --------------------------------------------------------------------------------------------------------


def pod(spec: dict[str, Any], **parts: Any) -> task_pb2.TaskSpec:
    made = task_pb2.TaskSpec()
    made.template.id.name, made.template.type = "a", "sidecar"
    made.template.k8s_pod.pod_spec.update(spec)
    if "primary" in parts:
        made.template.k8s_pod.primary_container_name = parts["primary"]
    if "loading" in parts:
        made.template.k8s_pod.data_config.enabled = parts["loading"]
    return made


def answered(spec: task_pb2.TaskSpec) -> ftn.FlyteTask:
    """Return a task as a server answers with it."""
    message = task_pb2.Task()
    message.closure.compiled_task.template.CopyFrom(spec.template)
    return ftn.FlyteTask.from_flyte_idl(message)


TWO = {"containers": [{"name": "p", "image": "a:1"}, {"name": "q", "image": "b:1"}]}
AS_REGISTERED = {
    "containers": [{"name": "p", "image": "a:1", "resources": {}}, {"name": "q", "image": "b:1", "resources": {}}]
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (pod(TWO, primary="p"), pod(AS_REGISTERED)),
        (pod(TWO, primary="p", loading=True), pod(AS_REGISTERED)),
        (pod(TWO, loading=True), pod(TWO)),
        (pod({**TWO, "terminationGracePeriodSeconds": 30, "unheardOf": 1}), pod({**AS_REGISTERED, "terminationGracePeriodSeconds": 30})),
        (pod({"Containers": [{"Name": "p", "tty": False}]}), pod({"containers": [{"name": "p", "resources": {}}]})),
    ],
)  # fmt: skip
def test_what_flytectl_drops_of_a_pod_is_no_change(old: task_pb2.TaskSpec, new: task_pb2.TaskSpec) -> None:
    for pair in ((old, answered(new)), (answered(new), old)):
        found = ftn.diff(*pair)
        assert (found.changes, found.noise) == ((), ())
        assert found.apply() == flatten(found._new)
        assert [path for path in ftn.history(pair).changing if not path.startswith("id.")] == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (pod(TWO, primary="p"), pod(TWO, primary="q"), "k8s_pod.primary_container_name"),
        (pod(TWO, loading=True), pod(TWO, loading=False), "k8s_pod.data_config.enabled"),
        (pod(TWO), pod({"containers": [*TWO["containers"], {"name": "r"}]}), "k8s_pod.pod_spec.containers.r"),
    ],
)
def test_what_both_sides_tell_of_a_pod_is_a_change(old: Any, new: Any, path: str) -> None:
    for pair in ((old, new), (answered(old), new), (old, answered(new)), (answered(old), answered(new))):
        assert path in [change.path for change in ftn.diff(*pair).changes]


def test_a_template_by_itself_tells_no_description() -> None:
    """Templates and what flytekit compiles of them alone say nothing of documentation."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "a"
    spec.description.short_description = "trains"
    made = ftn.FlyteTask.from_flyte_idl(spec)
    for other in (spec.template, made.template, ftn.FlyteTask.from_flyte_idl(spec.template), answered(spec)):
        assert (ftn.diff(spec, other).changes, ftn.diff(other, spec).changes) == ((), ())
    bare = task_pb2.TaskSpec()
    bare.template.CopyFrom(spec.template)
    assert [change.rule for change in ftn.diff(spec, bare).changes] == ["documentation"]


def test_a_servers_entity_has_an_id_and_no_tags() -> None:
    """Under which id it keeps a description no author says, and tags it does not keep."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "a"
    spec.description.short_description = "trains"
    spec.description.tags.append("ml")
    entity = description_entity_pb2.DescriptionEntity(short_description="trains", id=spec.template.id)
    described = answered(spec).replace(docs=ftn.models.Documentation.from_flyte_idl(entity))
    found = ftn.diff(spec, described)
    assert (found.changes, found.left_out) == ((), ("description.tags",))
    assert ftn.diff(spec, answered(spec).replace(docs=spec.description)).left_out == ()
    nothing = answered(spec).replace(docs=None)
    assert {change.path for change in ftn.diff(spec, nothing).changes} == {
        "description.short_description",
        "description.tags",
    }


def test_what_was_unknown_stays_unknown_in_copies(tmp_path: Path) -> None:
    """Pickled, saved, taken out of a collection or changed elsewhere, a task knows no more than before."""
    spec = pod(TWO, primary="p")
    spec.description.short_description = "trains"
    fetched = answered(pod(AS_REGISTERED))
    tasks = ftn.TaskCollection([fetched])
    tasks.save(tmp_path / "tasks.parquet")
    copies = [
        pickle.loads(pickle.dumps(fetched)),  # noqa: S301 - made here
        pickle.loads(pickle.dumps(tasks))[0],  # noqa: S301 - likewise
        ftn.load(tmp_path / "tasks.parquet")[0],
        ftn.FlyteTask.from_flyte_idl(fetched),
        fetched.replace(type="sidecar"),
    ]
    for copied in copies:
        assert not ftn.diff(spec, copied)
    assert ftn.diff(spec, fetched.replace(k8s_pod=pod(AS_REGISTERED).template.k8s_pod))


def test_what_flytekit_fetched_tells_no_description() -> None:
    """FlyteRemote keeps the template alone, and says in its class where it comes from."""
    entities = flytekit_module("flytekit.remote.entities")
    models = flytekit_module("flytekit.models.task")
    spec = ftn.load(ARCHIVES[1])[0].to_flyte_idl()
    template = models.TaskTemplate.from_flyte_idl(spec.template)
    fetched = entities.FlyteTask.promote_from_model(template)
    found = ftn.diff(spec, fetched)
    assert (found.changes, found.left_out) == ((), ("description",))


def test_packaged_and_registered_dynamic_tasks_are_one() -> None:
    """Both pack flytekit's settings into a variable: one with null for what the other has as an object of nulls."""
    flytekit_module("flytekit")
    from flytekit import Resources, dynamic  # noqa: PLC0415 - not everywhere installed
    from flytekit.configuration import (  # noqa: PLC0415 - likewise
        FastSerializationSettings,
        Image,
        ImageConfig,
        SerializationSettings,
    )
    from flytekit.core.resources import ResourceSpec  # noqa: PLC0415 - likewise
    from flytekit.tools.translator import get_serializable  # noqa: PLC0415 - likewise

    @dynamic(cache=True, cache_version="1")
    def fan_out(count: int) -> int:
        """Start many."""
        return count

    images = ImageConfig(Image("default", "ghcr.io/acme/app", "1.0"))

    def compiled(location: str | None, requests: Resources | None, **settings: Any) -> Any:
        fast = FastSerializationSettings(enabled=True, destination_dir="/root", distribution_location=location)
        resources = None if requests is None else ResourceSpec(requests, Resources())
        made = SerializationSettings(
            image_config=images, fast_serialization_settings=fast, default_resources=resources, **settings
        )
        return get_serializable(OrderedDict(), made, fan_out).to_flyte_idl()

    nowhere = dict.fromkeys(("project", "domain", "version"))
    packaged = compiled(None, None, **nowhere)
    registered = compiled(CODE["source_uploaded_location"], Resources(), env={}, **PLACE)
    for old, new in ((packaged, registered), (registered, packaged)):
        found = ftn.diff(old, new)
        assert {change.rule for change in (*found.changes, *found.noise)} == {"id-filled-in"}
        assert not found.cache.stale_risk
    # What is set is a key of the settings, and no variable of the environment.
    larger = compiled(CODE["source_uploaded_location"], Resources(cpu="2"), **PLACE)
    (change,) = [one for one in ftn.diff(registered, larger).changes if "_F_SS_C" in one.path]
    assert (change.path, change.new) == ("container.env._F_SS_C.default_resources", {"requests": {"cpu": "2"}})
    assert (change.severity, "nvironment" in change.reason) == ("behaviour", False)

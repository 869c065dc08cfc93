"""Under which key Flyte keeps a task's results, and finds them again."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import interface_pb2, literals_pb2

from flytetask_nb.errors import CacheVersionError, ModelTypeError, ModelValueError
from flytetask_nb.masking import mask_text
from flytetask_nb.models.messages import message_of, shown
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.semantics.commands import runs_items
from flytetask_nb.semantics.objecthash import ObjectHasher, hash_list, hash_object, hash_text, object_hash
from flytetask_nb.semantics.task_container import command_words
from flytetask_nb.semantics.templates import template_of

if TYPE_CHECKING:
    from collections.abc import Container

_NAME_PREFIX: Final = "flyte_task-"
_TAG_PREFIX: Final = "flyte_cached-"
_SIGNATURE_LENGTH: Final = 8
_SIGNATURES_KEPT: Final = 4096
# An annotation with this key says how values are serialized, and so which cached values can be read.
_CACHED_ANNOTATION: Final = "cache-key-metadata"
# What the plugins of arrays run (flyteplugins/go/tasks/plugins/array/k8s/executor.go, awsbatch/executor.go).
_ARRAY_TYPES: Final = frozenset({"container_array", "aws-batch"})


@behind_gate
class CacheKey(NamedTuple):
    """Where Flyte keeps the results of a task: two tasks with equal places find each other's results.

    Attributes
    ----------
    project, domain
        Those of the task.
    name
        The dataset's: ``flyte_task-`` and the task's name.
    version
        The dataset's: the task's cache version, a hash of its inputs and one of its outputs, with dashes between.
    enabled
        Whether caching is on for the task. The key is the same either way.
    """

    project: str
    domain: str
    name: str
    version: str
    enabled: bool

    def __repr__(self) -> str:
        names = ", ".join(f"{name}={getattr(self, name)!r}" for name in ("project", "domain", "name"))
        return f"CacheKey({names}, version={mask_text(self.version)!r}, enabled={self.enabled})"


def cache_key(task: object, *, cache_version: str | None = None, mapped: bool | None = None) -> CacheKey:
    """Return the key under which Flyte keeps a task's results.

    Parameters
    ----------
    task
        A ``FlyteTask``, ``TaskSpec`` or ``TaskTemplate`` of this package or of flytekit, or such a message.
    cache_version
        To be used instead of the task's own: what the key would be with it.
    mapped
        Whether Flyte runs the task item by item, so that results are kept item by item. None: as the task itself
        says, see :func:`is_map_task`. True for any task that an array node of a workflow runs.

    Returns
    -------
    CacheKey
        Whether caching is on for the task or not; ``enabled`` says which. Of a map task the key of its items.

    Raises
    ------
    CacheVersionError
        The cache version is empty or holds nothing but spaces: Flyte refuses to run such a task if caching is on.
    ModelTypeError
        ``task`` is no task, or the cache version no text.
    ModelValueError
        A type of the interface holds something that cannot be hashed.

    Notes
    -----
    The rules are ``GenerateDatasetIDForTask`` in
    flytepropeller/pkg/controller/nodes/catalog/datacatalog/transformer.go and ``StripInterfaceTypeMetadata`` in
    flytepropeller/pkg/compiler/transformers/k8s/utils.go. Of the task only project, domain, name, cache version,
    input and output names and types count; of the types all but ``metadata`` and annotations that are not about
    caching. So the image, the code and the environment can change while the key stays.

    Of what runs item by item each output that is a list counts as its element: ``arrayTaskReader`` in
    flytepropeller/pkg/controller/nodes/array/node_execution_context.go, ``makeSingularTaskInterface`` in
    flyteplugins/go/tasks/plugins/array/catalog.go.
    """
    template = template_of(task)
    identifier, metadata, interface = template.id, template.metadata, template.interface
    version = _version(metadata.discovery_version if cache_version is None else cache_version, identifier.name)
    by_item = is_map_task(template) if mapped is None else mapped
    try:
        inputs = variables_signature(interface.inputs)
        outputs = variables_signature(item_outputs(interface.outputs) if by_item else interface.outputs)
    except ModelValueError as error:
        raise ModelValueError(f"task {identifier.name!r}: interface: {error}") from None
    return CacheKey(
        project=identifier.project,
        domain=identifier.domain,
        name=_NAME_PREFIX + identifier.name,
        version=f"{version}-{inputs}-{outputs}",
        enabled=metadata.discoverable,
    )


def is_map_task(task: object) -> bool:
    """Tell whether a task runs item by item, over lists of inputs.

    Returns bool: True if a plugin of Flyte's for arrays runs it by its type, or if its container or the primary one of
      its pod starts flytekit's ``pyflyte-map-execute``. A task that becomes a map task only through the array node of a
      workflow does not say so itself.
    """
    template = template_of(task)
    if template.type in _ARRAY_TYPES:
        return True
    return runs_items(command_words(template))


def item_outputs(outputs: Any) -> Any:
    """Return the outputs of a single item of a map task.

    Returns flyteidl.core.interface_pb2.VariableMap: a new one. Of an output that is a list nothing but the type of its
      elements is left.
    """
    of_item = interface_pb2.VariableMap()
    for name, variable in outputs.variables.items():
        if variable.type.WhichOneof("type") == "collection_type":
            of_item.variables[name].type.CopyFrom(variable.type.collection_type)
        else:
            of_item.variables[name].CopyFrom(variable)
    return of_item


def _version(given: object, name: str) -> str:
    if not isinstance(given, str):
        raise ModelTypeError(
            f"cache_version={shown(given)} is of type {type(given).__name__}, expected a text like '1.0'"
        )
    # Flyte trims spaces and nothing else.
    trimmed = given.strip(" ")
    if not trimmed:
        raise CacheVersionError(
            f"task {name!r}: the cache version {given!r} is blank, and Flyte refuses to look for cached results "
            "without one; set cache_version where the task is declared, or give cache_key(task, cache_version=...)"
        )
    return trimmed


def variables_signature(variables: Any) -> str:
    """Return the short hash of inputs or outputs, a flyteidl ``VariableMap``, that stands in the version of a key.

    Raises ModelValueError: a type holds something that cannot be hashed.
    """
    return _kept_signature(variables.SerializeToString(deterministic=True))


# A handful of signatures serves most tasks of a project.
@lru_cache(_SIGNATURES_KEPT)
def _kept_signature(serialized: bytes) -> str:
    return _base64(_interface_hash(interface_pb2.VariableMap.FromString(serialized)))[:_SIGNATURE_LENGTH]


_interface_hash: Final = ObjectHasher(
    {
        "flyteidl.core.Variable.description": lambda _: True,
        "flyteidl.core.LiteralType.metadata": lambda _: True,
        "flyteidl.core.LiteralType.annotation": lambda note: _CACHED_ANNOTATION not in note.annotations.fields,
    }
)


def cache_tag(inputs: object, ignore: Container[str] = ()) -> str:
    """Return the tag under which Flyte keeps the result of a cached task for certain inputs.

    Parameters
    ----------
    inputs
        The input values: a ``flyteidl.core.LiteralMap`` message, or flytekit's model of one.
    ignore
        Names of inputs that do not count: the task's ``cache_ignore_input_vars``.

    Returns
    -------
    str
        ``flyte_cached-`` and 43 letters.

    Raises
    ------
    ModelTypeError
        ``inputs`` is something else, or ``ignore`` a text.
    ModelValueError
        A value cannot be hashed; the error names the input.

    Notes
    -----
    The rules are ``HashLiteralMap`` and ``hashify`` in flyteplugins/go/tasks/pluginmachinery/catalog/hashing.go. A
    value that has a ``hash`` counts by that alone, also inside lists and maps, but not inside a union. The
    ``metadata`` of a list or map does not count, that of a scalar does.
    """
    if isinstance(ignore, str):
        raise ModelTypeError(f"ignore={shown(ignore)} is one text, expected names; give ignore=({ignore!r},)")
    literals = message_of(inputs, literals_pb2.LiteralMap).literals
    members = []
    for name, literal in literals.items():
        if name in ignore:
            continue
        try:
            members.append((name, _literal_hash(literal)))
        except ModelValueError as error:
            raise ModelValueError(f"input {name!r}: {error}") from None
    return _TAG_PREFIX + _base64(_holder("literals", hash_object(members) if members else None))


def _literal_hash(literal: Any) -> bytes:
    if literal.hash:
        return _holder("hash", hash_text(literal.hash))
    kind = literal.WhichOneof("value")
    if kind == "collection":
        items = [_literal_hash(item) for item in literal.collection.literals]
        return _holder("collection", _holder("literals", hash_list(items) if items else None))
    if kind == "map":
        members = [(name, _literal_hash(item)) for name, item in literal.map.literals.items()]
        return _holder("map", _holder("literals", hash_object(members) if members else None))
    return object_hash(literal)


def _holder(name: str, value: bytes | None) -> bytes:
    """Return the hash of an object with one member, or none: what is empty is left out of the JSON."""
    return hash_object([] if value is None else [(name, value)])


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")

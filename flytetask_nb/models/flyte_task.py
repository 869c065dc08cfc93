"""A registered task, or one that is about to be: what users of this package hold in their hands.

Compatible with ``flytekit.remote.entities.FlyteTask``: the same constructor, the same attributes. Where flytekit
rebuilds a task from parts and loses what it does not know, this one keeps the message.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from flyteidl.admin import task_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.errors import ModelTypeError
from flytetask_nb.models.base import Model, undecodable
from flytetask_nb.models.identifiers import Identifier, ResourceType
from flytetask_nb.models.messages import copied
from flytetask_nb.models.origins import NOWHERE, UNTOLD_BY_TEMPLATES, Origin, still_untold
from flytetask_nb.models.remote_entities import RemoteEntity
from flytetask_nb.models.tasks import TaskSpec, TaskTemplate

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import Self

    from flytetask_nb.models.declarations import Maybe, Message, Number, StructDict, Text, TextDict
    from flytetask_nb.models.documentation import Documentation
    from flytetask_nb.models.fields import OptionalSub, Sub
    from flytetask_nb.models.interfaces import TypedInterface
    from flytetask_nb.models.order import Rank
    from flytetask_nb.models.security import SecurityContext
    from flytetask_nb.models.tasks import Container, ExtendedResources, K8sPod, Sql, TaskMetadata


def _of_template(name: str, doc: str) -> Any:
    """Return a property that reads a field of the template."""
    read = TaskTemplate._fields[name].read
    return property(lambda task: read(task._message.template), doc=doc)


def _of_origin(name: str, doc: str) -> Any:
    """Return a property that reads what is known beside the message."""
    return property(attrgetter(f"_origin.{name}"), doc=doc)


class FlyteTask(TaskSpec, RemoteEntity):
    """A Flyte task: its template and documentation, and where it was found.

    Parameters
    ----------
    id : Identifier
        Its full name.
    type : str
        Which plugin runs it, e.g. ``"python-task"``.
    metadata : TaskMetadata
        Caching, retries and the like.
    interface : TypedInterface
        What it takes and gives.
    custom : dict
        Settings of the plugin.
    container, k8s_pod, sql
        The target: at most one of them.
    task_type_version : int
        Version of the plugin's own format.
    security_context : SecurityContext, optional
        Identity and secrets.
    config : dict of str to str, optional
        More settings of the plugin.
    extended_resources : ExtendedResources, optional
        Accelerator and shared memory.
    should_register : bool
        Kept as given; flytekit marks tasks with it that it must still register.

    Raises
    ------
    ModelValueError
        (a ValueError) Two targets were given.

    See Also
    --------
    flytetask_nb.load_task : reads one from a file.
    flytetask_nb.from_flytekit : makes one of a function under flytekit's ``@task``.

    Notes
    -----
    It stands where ``flytekit.remote.entities.FlyteTask`` (1.16) does: in workflows, dynamic tasks, conditionals,
    ``create_node`` and ``FlyteRemote``. Nodes and entities are those that flytekit makes, byte for byte, for
    ``to_flytekit()`` does the work. Where flytekit is wrong or leaves something to chance, this one differs:

    ================================== =============================== ======================================
    of a registered task               flytekit 1.16                   here
    ================================== =============================== ======================================
    metadata.tags                      dropped                         kept
    container.ports                    dropped                         kept
    container.architecture             dropped                         kept
    k8s_pod.primary_container_name     dropped                         kept
    id.org                             dropped                         kept
    description                        dropped                         kept, as ``docs``
    fields that are not known yet      dropped                         kept
    metadata.generates_deck unset      becomes false                   stays unset
    container.resources unset          becomes empty                   stays unset
    security_context, set but empty    becomes unset                   stays set
    order of o0, o1, ..., o10          that of a map, so by chance     natural, so they can be unpacked
    order of named outputs             that of a map, so by chance     none: unpacking them is an error
    upstream_node_ids                  that of a set, so by chance     that in which the nodes were made
    local workflow, mocked             raw results, no promises        promises, as of other steps
    call inside a local @dynamic       gets promises, gives values     gets values, gives promises
    attributes                         can be assigned                 read-only: ``replace`` gives a copy
    ================================== =============================== ======================================
    """

    __slots__ = ("_fellows", "_origin", "_twin")

    if TYPE_CHECKING:

        @property
        def _origin(self) -> Origin: ...

        # Said again, for mypy reads inherited fields of a frozen class by what the constructor takes.
        template: Message[TaskTemplate] = Sub(TaskTemplate)
        docs: Maybe[Documentation] = OptionalSub(Documentation, default=None)

    def __init__(  # noqa: PLR0917 - the positions are flytekit's
        self,
        id: Any,
        type: str,
        metadata: Any,
        interface: Any,
        custom: Any,
        container: Any = None,
        task_type_version: int = 0,
        security_context: Any = None,
        config: Any = None,
        k8s_pod: Any = None,
        sql: Any = None,
        extended_resources: Any = None,
        should_register: bool = False,
    ) -> None:
        given = dict(locals())
        del given["self"], given["should_register"]
        spec = task_pb2.TaskSpec()
        spec.template.SetInParent()
        TaskTemplate._write(spec.template, given)
        _set_message(self, spec)
        _set_origin(self, Origin(should_register=should_register, untold=UNTOLD_BY_TEMPLATES))

    # -- making ----------------------------------------------------------------------------------------------------

    @classmethod
    def _own(cls, message: Any, origin: Origin = NOWHERE) -> Self:
        made = _new(cls)
        _set_message(made, message)
        _set_origin(made, origin)
        return made

    @classmethod
    def from_bytes(cls, data: bytes, origin: Origin = NOWHERE) -> Self:
        """Return the task of a serialized ``flyteidl.admin.TaskSpec``.

        Parameters
        ----------
        data
            The bytes. The task parses a message of its own from them and copies nothing.
        origin
            Where they come from.

        Raises
        ------
        ModelTypeError
            They are no bytes at all.
        ModelValueError
            The bytes are no TaskSpec.
        """
        try:
            return cls._own(_parse(data), origin)
        except (DecodeError, TypeError) as error:
            raise undecodable(cls, data, error) from None

    @classmethod
    def from_flyte_idl(cls, pb2_object: Any) -> Self:
        """Return the task of a message.

        Parameters
        ----------
        pb2_object
            A flyteidl ``TaskSpec``, ``TaskTemplate``, admin ``Task``, ``TaskClosure`` or ``CompiledTask``, a
            ``TaskTemplate``, ``TaskSpec`` or ``TaskDetails`` of flyteidl2, or an object whose ``to_flyte_idl()`` gives
            one of these. It is copied.

        Returns
        -------
        FlyteTask
            Of an admin ``Task``, a ``TaskClosure`` or a ``TaskDetails`` also with ``created_at`` and
            ``short_description``.

        Raises
        ------
        ModelTypeError
            It is something else.
        ModelValueError
            A ``created_at`` lies outside the years 1 to 9999.
        """
        if type(pb2_object) is task_pb2.TaskSpec:
            return cls._own(copied(pb2_object))
        from flytetask_nb.models.conversions import spec_of  # noqa: PLC0415 - a task that is loaded needs none of it

        return cls._own(*spec_of(pb2_object))

    @classmethod
    def promote_from_model(cls, base_model: Any) -> Self:
        """Return the task of a template.

        Parameters
        ----------
        base_model
            A ``TaskTemplate`` of this package or of flytekit, or anything else that ``from_flyte_idl`` takes.

        Returns
        -------
        FlyteTask
            With ``should_register`` false.
        """
        made = cls.from_flyte_idl(base_model)
        _set_origin(made, made._origin.but(should_register=False))
        return made

    def replace(self, **changes: Any) -> Self:
        """Return a changed copy.

        Parameters
        ----------
        **changes
            New values of the template's fields (``container=...``, ``metadata=...``), of the id's parts
            (``project=``, ``domain=``, ``name=``, ``version=``), ``docs``, ``template`` or ``should_register``;
            None clears. Giving another target replaces the present one.

        Raises
        ------
        ModelTypeError
            There is no field of that name, or the value is of the wrong kind.
        ModelValueError
            The field cannot hold the value, or two targets were given.
        """
        message = self.to_flyte_idl()
        changed: dict[str, dict[str, Any]] = {"origin": {}, "spec": {}, "template": {}, "id": {}}
        for name, value in changes.items():
            changed[_place_of(name)][name] = value
        TaskSpec._write(message, changed["spec"])
        TaskTemplate._write(message.template, changed["template"])
        if changed["id"]:
            Identifier._write(message.template.id, changed["id"])
        if changed["origin"].get("should_register", False) is None:
            changed["origin"]["should_register"] = False
        if self._origin.untold:
            changed["origin"]["untold"] = still_untold(self._origin.untold, changes, message)
        return type(self)._own(message, self._origin.but(**changed["origin"]))

    def has(self, name: str) -> bool:
        """Tell whether a field is set in the message.

        Parameters
        ----------
        name
            A field of the template (``"custom"``), a part of the id (``"version"``), ``"docs"`` or ``"template"``.

        Returns
        -------
        bool
            Presence, for fields that have it; for the others, whether the value is another than the default.
        """
        place = _place_of(name)
        if place == "origin":
            return bool(getattr(self, name))
        holder: Model = {"id": self.id, "template": self.template}.get(place, self)
        return holder._fields[name].is_set(holder._message)

    # -- the template's fields ---------------------------------------------------------------------------------------

    id: Message[Identifier] = _of_template("id", "Its full name.")
    type: Text = _of_template("type", "Which plugin runs it.")
    metadata: Message[TaskMetadata] = _of_template("metadata", "Caching, retries and the like.")
    interface: Message[TypedInterface] = _of_template("interface", "What it takes and gives.")
    custom: StructDict = _of_template("custom", "Settings of the plugin, as plain Python values.")
    config: TextDict = _of_template("config", "More settings of the plugin.")
    task_type_version: Number = _of_template("task_type_version", "Version of the plugin's own format.")
    container: Maybe[Container] = _of_template(
        "container", "The container it runs in; None when the target is another."
    )
    k8s_pod: Maybe[K8sPod] = _of_template("k8s_pod", "The pod it runs in; None when the target is another.")
    sql: Maybe[Sql] = _of_template("sql", "The statement it runs; None when the target is another.")
    security_context: Maybe[SecurityContext] = _of_template("security_context", "Identity and secrets, or None.")
    extended_resources: Maybe[ExtendedResources] = _of_template(
        "extended_resources", "Accelerator and shared memory, or None."
    )

    # -- beside the template -----------------------------------------------------------------------------------------

    @property
    def flyte2(self) -> dict[str, Any] | None:
        """What a task of Flyte 2 says that flyteidl has no word for, by path; None for a task of Flyte 1."""
        from flytetask_nb.models.flyte2 import flyte2_words  # noqa: PLC0415 - not needed until it is asked for

        return flyte2_words(self._message)

    @property
    def name(self) -> str:
        """Name of the id."""
        name: str = self._message.template.id.name
        return name

    resource_type: ClassVar = ResourceType.TASK
    entity_type_text: ClassVar = "Task"
    should_register: bool = _of_origin("should_register", "As given to the constructor.")
    created_at: datetime | None = _of_origin("created_at", "When it was registered, in UTC, where the source said so.")
    source: str | None = _of_origin(
        "source",
        "Where it was loaded from, e.g. ``release.tgz!0_shop.train_1.pb``; None if it was made by hand.",
    )
    note: str | None = _of_origin(
        "note", "What its source says beside, e.g. the name of the code bundle that an archive holds."
    )
    untold: frozenset[str] = _of_origin(
        "untold", "Paths of what its source leaves out: where nothing stands there, that says nothing."
    )
    is_draft: bool = _of_origin(
        "is_draft",
        "Whether it was made from flytekit's own and is not registered yet, so that parts of it are placeholders.",
    )
    rank: Rank | None = _of_origin(
        "rank",
        "Its place in the order that was given to ``load`` or ``TaskCollection.ordered``; None where none was.",
    )
    console: str | None = _of_origin(
        "console", "Address of the console of the cluster that it was fetched from; None for other sources."
    )

    @property
    def short_description(self) -> str | None:
        """One line about it: what the server said, else what its documentation says, else None."""
        return self._origin.short_description or self._message.description.short_description or None

    def beside(self, fellows: object) -> Self:
        """Note the tasks of the collection that it is taken from, and return the task."""
        _set_fellows(self, fellows)
        return self

    @property
    def fellows(self) -> Any:
        """The tasks of the collection that it was taken from; None if it was taken from none."""
        return getattr(self, "_fellows", None)

    @property
    def console_url(self) -> str | None:
        """Address of its page in the cluster's console; None if it was not fetched from a cluster."""
        console = self._origin.console
        if console is None:
            return None
        from urllib.parse import quote  # noqa: PLC0415 - only needed for fetched tasks

        named = self._message.template.id
        project, domain, name, version = (
            quote(part, safe="") for part in (named.project, named.domain, named.name, named.version)
        )
        return f"{console}/console/projects/{project}/domains/{domain}/task/{name}/version/{version}"

    @property
    def python_interface(self) -> Any:
        """The Python interface, None unless the user set it: a registered task does not carry it."""
        return self._origin.python_interface

    @python_interface.setter
    def python_interface(self, interface: Any) -> None:
        _set_origin(self, self._origin.but(python_interface=interface))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            # Asked only for what is not there.
            raise AttributeError(_elsewhere(self, name), name=name, obj=self)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "python_interface":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    # -- being a value ---------------------------------------------------------------------------------------------

    def __copy__(self) -> Self:
        return type(self)._own(self._message, self._origin)

    def __deepcopy__(self, memo: object) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.serialize_to_string(), self._origin)

    def __repr__(self) -> str:
        import hashlib  # noqa: PLC0415 - only needed to tell tasks apart, not to import this package

        template = self._message.template
        digest = hashlib.sha256(self.serialize_to_string()).hexdigest()[:8]
        named = {part: getattr(template.id, part) for part in ("project", "domain", "version")}
        parts = [f", {part}={value!r}" for part, value in (named | {"type": template.type}).items() if value]
        return f"{type(self).__name__}({template.id.name!r}{''.join(parts)}, content={digest!r})"


_new = object.__new__
_parse = task_pb2.TaskSpec.FromString
_set_message = Model._message.__set__  # type: ignore[attr-defined, misc]
_set_origin = FlyteTask._origin.__set__  # type: ignore[attr-defined, misc]
_set_fellows = FlyteTask._fellows.__set__  # type: ignore[attr-defined]

_PLACES = (
    dict.fromkeys(("should_register", "python_interface"), "origin")
    | dict.fromkeys(("project", "domain", "name", "version", "org"), "id")
    | dict.fromkeys(TaskTemplate._fields, "template")
    | dict.fromkeys(TaskSpec._fields, "spec")
)


def _place_of(name: str) -> str:
    place = _PLACES.get(name)
    if place is None:
        raise ModelTypeError(f"FlyteTask has no field {name!r}; it has {', '.join(_PLACES)}")
    return place


_ELSEWHERE: Final = (
    dict.fromkeys(("project", "domain", "version"), "id")
    | dict.fromkeys(("inputs", "outputs"), "interface")
    | dict.fromkeys(
        ("cache", "cache_version", "cache_serialize", "deprecated", "interruptible", "retries", "runtime", "timeout"),
        "metadata",
    )
)
_OF_CONTAINERS: Final = frozenset({"args", "command", "env", "image", "ports", "resources"})


def _elsewhere(task: FlyteTask, name: str) -> str:
    """Say that a task has no such attribute, and where what was meant stands."""
    problem = f"{type(task).__name__!r} object has no attribute {name!r}"
    if name in _ELSEWHERE:
        return f"{problem}; use task.{_ELSEWHERE[name]}.{name}"
    if name not in _OF_CONTAINERS:
        return problem
    template = task._message.template
    if template.HasField("container"):
        return f"{problem}; use task.container.{name}"
    if template.HasField("k8s_pod"):
        return f"{problem}; it runs in a pod: see task.k8s_pod.pod_spec['containers']"
    return f"{problem}; no container runs this task"

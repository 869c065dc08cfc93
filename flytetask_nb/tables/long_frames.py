"""Tables with several rows a task: of variables, of resources, of environment variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from flyteidl.core import interface_pb2, types_pb2
from google.protobuf.message import Message

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.dtypes import AMOUNT, FLAG, TEXT, ColumnKind, array_of
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.masking import MASK, mask_text, mask_value, masked
from flytetask_nb.models.messages import message_of
from flytetask_nb.models.notation import accepts_none, signature_order, type_notation
from flytetask_nb.models.resource_names import RESOURCES
from flytetask_nb.options import OPTIONS
from flytetask_nb.semantics.castability import castable
from flytetask_nb.semantics.flytekit_settings import SETTINGS_VARIABLE
from flytetask_nb.tables.columns import COLUMNS, ERROR, amount_in
from flytetask_nb.tables.extraction import extract
from flytetask_nb.tables.extractors import PARTS
from flytetask_nb.tables.runners import LIMITS, REQUESTS
from flytetask_nb.tables.serialized_tasks import records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_IDENTITY: Final = ("project", "domain", "name", "version")
_SIDES: Final = {"inputs": "input", "outputs": "output"}
_UNITS: Final = {resource.column: resource.unit for resource in RESOURCES}
_PIECES: Final = "count"
_VARIABLES: Final = {"direction": TEXT, "variable": TEXT, "type": TEXT, "optional": FLAG, "description": TEXT}
_RESOURCES: Final = {
    "resource": TEXT,
    "unit": TEXT,
    "request": AMOUNT,
    "limit": AMOUNT,
    "request_text": TEXT,
    "limit_text": TEXT,
}
_ENVIRONMENT: Final = {"variable": TEXT, "value": TEXT, "reference": TEXT}
_ENDS: Final = {"variable": TEXT, "type": TEXT, "description": TEXT}

_Row = tuple[Any, ...]


def interface_frame(tasks: Any) -> pd.DataFrame:
    """Make a table of the inputs and outputs of tasks: one row a variable.

    Returns
    -------
    pandas.DataFrame
        Tasks in their order, inputs before outputs, each in the order of the signature. Columns:

        =============  =========  ==========================================================================
        column         dtype      meaning
        =============  =========  ==========================================================================
        task           int64      position of the task: the row of ``tabulate`` and the place in a collection
        project        string
        domain         string
        name           string     of the task
        version        string
        direction      string     ``input`` or ``output``
        variable       string     name of the variable
        type           string     as a Python user writes it: ``list[int]``, ``str | None``
        optional       boolean    whether the type takes None
        description    string     secrets masked
        error          string     why there is nothing to tell; the row of a task that cannot be read
        =============  =========  ==========================================================================
    """
    return _long(tasks, "interface", _VARIABLES, _variables)


def _variables(interface: Any) -> Iterator[_Row]:
    for side, direction in _SIDES.items():
        variables = getattr(interface, side).variables
        for name in signature_order(variables):
            variable = variables[name]
            notation, optional = type_notation(variable.type), accepts_none(variable.type)
            yield direction, name, notation, optional, mask_text(variable.description) or None, None


def resources_frame(tasks: Any) -> pd.DataFrame:
    """Make a table of what tasks ask for: one row a resource.

    Returns
    -------
    pandas.DataFrame
        Tasks in their order, resources in the order in which a task names them, requests first. Of a pod, what its
        primary container asks for. Columns: ``task`` to ``version`` as in ``interface_frame``, and

        =============  =========  ==========================================================================
        column         dtype      meaning
        =============  =========  ==========================================================================
        resource       string     ``cpu``, ``memory``, ``gpu``, ``ephemeral_storage``, ``storage``; of a pod also
                                  what else Kubernetes is asked for
        unit           string     ``cores``, ``bytes`` or ``count``
        request        Float64    in that unit; NA where it is not asked for or cannot be read
        limit          Float64    likewise
        request_text   string     as it stands in the task, e.g. ``500m``
        limit_text     string     likewise
        error          string     why an amount is NA, or why there is nothing to tell of the task
        =============  =========  ==========================================================================
    """
    return _long(tasks, "resources", _RESOURCES, _resources)


def _resources(asked: dict[tuple[str, str], str]) -> Iterator[_Row]:
    for resource in dict.fromkeys(name for name, _ in asked):
        unit = _UNITS.get(resource, _PIECES)
        texts = [asked.get((resource, side)) for side in (REQUESTS, LIMITS)]
        amounts = [_amount(unit, text) for text in texts]
        reasons = [
            f"{side}: {reason}" for side, (_, reason) in zip(("request", "limit"), amounts, strict=True) if reason
        ]
        masked_texts = [None if text is None else mask_text(text) for text in texts]
        yield resource, unit, *(amount for amount, _ in amounts), *masked_texts, "; ".join(reasons) or None


def _amount(unit: str, text: str | None) -> tuple[float | None, str]:
    """Return an amount, or why it cannot be read."""
    try:
        return None if text is None else float(amount_in(unit, text)), ""
    except FlyteTaskError as error:
        return None, mask_text(str(error))


def env_frame(tasks: Any) -> pd.DataFrame:
    """Make a table of the environment variables of tasks: one row a variable, secrets masked.

    Returns
    -------
    pandas.DataFrame
        Tasks in their order, variables as they stand in the container, or in the primary container of the pod.
        Columns: ``task`` to ``version`` as in ``interface_frame``, and

        =============  =========  ==========================================================================
        column         dtype      meaning
        =============  =========  ==========================================================================
        variable       string     name of the environment variable
        value          string     masked where name or value look secret, unless ``reveal_secrets`` is set; NA
                                  where it comes from elsewhere
        reference      string     where it comes from then, as JSON: ``valueFrom`` of a pod
        error          string     why there is nothing to tell; the row of a task that cannot be read
        =============  =========  ==========================================================================
    """
    return _long(tasks, "environment", _ENVIRONMENT, _environment)


def _environment(entries: tuple[tuple[str, str, str], ...]) -> Iterator[_Row]:
    for name, value, reference in entries:
        if reference:
            yield name, None, _masked_json(reference), None
        elif name == SETTINGS_VARIABLE and value and not OPTIONS["reveal_secrets"]:
            # Packed, so that nothing could be masked inside.
            yield name, f"{MASK} ({len(value):,} characters of serialization settings)", None, None
        else:
            yield name, masked(name, value), None, None


def _masked_json(text: str) -> str:
    import json  # noqa: PLC0415 - few variables are references

    return json.dumps(mask_value(json_value(text)), sort_keys=True)


# -- what feeds what -----------------------------------------------------------------------------------------------


def producers_of(tasks: Any, variable: object) -> pd.DataFrame:
    """Find the outputs that can feed an input.

    ``tasks``: as for ``tabulate``.
    ``variable``: the input: a ``Variable`` or ``LiteralType`` of this package, of flyteidl or of flytekit.
    Returns pandas.DataFrame: one row an output that Flyte's compiler lets feed it, tasks in their order. Columns:
      ``task``, ``project``, ``domain``, ``name``, ``version`` as in ``interface_frame``, ``variable``, ``type``,
      ``description``, and ``error``: why the outputs of a task could not be judged, in a row of its own.
    Raises ModelTypeError: ``variable`` is neither.

    See Also
    --------
    flytetask_nb.semantics.castable : the rule.
    """
    wanted = _literal_type(variable)
    return _long(tasks, "interface", _ENDS, lambda each: _ends(each.outputs, lambda kind: castable(kind, wanted)))


def consumers_of(tasks: Any, variable: object) -> pd.DataFrame:
    """Find the inputs that can take an output.

    ``tasks``: as for ``tabulate``.
    ``variable``: the output: a ``Variable`` or ``LiteralType`` of this package, of flyteidl or of flytekit.
    Returns pandas.DataFrame: one row an input that Flyte's compiler lets take it; columns as ``producers_of`` gives
      them.
    Raises ModelTypeError: ``variable`` is neither.
    """
    given = _literal_type(variable)
    return _long(tasks, "interface", _ENDS, lambda each: _ends(each.inputs, lambda kind: castable(given, kind)))


def _literal_type(variable: object) -> Any:
    message = variable if isinstance(variable, Message) else getattr(variable, "_message", None)
    if message is None and hasattr(variable, "to_flyte_idl") and not isinstance(variable, type):
        message = variable.to_flyte_idl()
    if isinstance(message, interface_pb2.Variable):
        return message.type
    return message_of(variable, types_pb2.LiteralType)


def _ends(side: Any, fits: Callable[[Any], bool]) -> Iterator[_Row]:
    for name in signature_order(side.variables):
        variable = side.variables[name]
        reason = None
        try:
            if not fits(variable.type):
                continue
        except FlyteTaskError as error:
            reason = mask_text(str(error))
        yield name, type_notation(variable.type), mask_text(variable.description) or None, reason


# -- several rows a task -------------------------------------------------------------------------------------------


def _long(
    tasks: Any, part: str, kinds: dict[str, ColumnKind], rows_of: Callable[[Any], Iterator[_Row]]
) -> pd.DataFrame:
    """Make a table from a part of tasks that gives several rows, their error last."""
    records = records_of(tasks)
    extracted = extract(records, (*_IDENTITY, part, "pod_problem"))
    read = PARTS[part].read
    rows: list[_Row] = []
    starts, counts = [], []
    for value in extracted.parts[part].entries:
        starts.append(len(rows))
        rows.extend(rows_of(value if read is None else read(value)))
        counts.append(len(rows) - starts[-1])
    codes = extracted.parts[part].codes
    starts_of, counts_of = (np.array([*numbers, 0], dtype=np.intp)[codes] for numbers in (starts, counts))
    reasons = dict(extracted.broken)
    if part != "interface":
        problems = extracted.parts["pod_problem"]
        for code, problem in enumerate(problems.entries):
            if problem:
                reasons |= dict.fromkeys(np.flatnonzero(problems.codes == code).tolist(), problem)
    for position, reason in reasons.items():
        starts_of[position], counts_of[position] = len(rows), 1
        rows.append((*(None,) * len(kinds), mask_text(reason)))
    task = np.repeat(np.arange(len(records.data)), counts_of)
    before = np.cumsum(counts_of) - counts_of
    which = np.arange(len(task)) - np.repeat(before - starts_of, counts_of)
    arrays: dict[str, Any] = {"task": task}
    for name in _IDENTITY:
        column, coded = COLUMNS[name], extracted.parts[name]
        arrays[name] = array_of(column.kind, [column.read(value) for value in coded.entries]).take(
            coded.codes[task], allow_fill=True
        )
    for number, (name, kind) in enumerate({**kinds, ERROR: TEXT}.items()):
        arrays[name] = array_of(kind, [row[number] for row in rows]).take(which, allow_fill=True)
    return pd.DataFrame(arrays, index=pd.RangeIndex(len(task)))

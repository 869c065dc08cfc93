"""Whether what a node's inputs are bound to fits them: promises of other nodes, literals, lists and maps of either.

The rules are those of flytepropeller/pkg/compiler/validators/bindings.go.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import types_pb2

from flytetask_nb.semantics import problems
from flytetask_nb.semantics.castability import castable, is_optional
from flytetask_nb.semantics.graphs import START_NODE
from flytetask_nb.semantics.literal_types import scalar_says_its_type, scalar_type_message
from flytetask_nb.semantics.problems import Pretty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flytetask_nb.semantics.graphs import Graph, GraphNode

# An output may be written as an item of a list, "[3].name"; the compiler searches for this anywhere in the text.
_OUTPUT: Final = re.compile(r"(?:\[(?P<index>[0-9]+)\]\.)?(?P<name>[0-9A-Za-z_]+)")
_LARGEST_INDEX: Final = 2**63 - 1


class _Resolved(NamedTuple):
    """What a binding turned out to be: its type, and the nodes that it waits for."""

    literal_type: Any
    upstream: list[str]


class _Variable(NamedTuple):
    """The input that is being bound; one whose type is not looked at takes anything."""

    graph: Graph
    node: GraphNode
    name: str
    is_typed: bool

    def add(self, kind: Any, *details: Any, upstream: str = "") -> None:
        self.graph.add(kind, self.node.id, self.name, upstream, details)


def check_bindings(
    graph: Graph,
    node: GraphNode,
    bindings: Iterable[Any],
    inputs: Mapping[str, Any],
    *,
    both_ways: bool = False,
    is_typed: bool = True,
) -> dict[str, Any]:
    """Check what a node's inputs are bound to, and let the node wait for those that it needs.

    ``graph``: the workflow, where problems and edges go.
    ``node``: whose inputs these are.
    ``bindings``: ``Binding`` messages. A promise that names no node is completed: it is one of the workflow's inputs.
    ``inputs``: types of the inputs by name.
    ``both_ways``: whether edges are noted at the nodes that it waits for, too.
    ``is_typed``: False where the inputs are not known beforehand: whatever is bound becomes one.
    Returns dict of str to LiteralType: the inputs that are bound without a problem, and the types of what they are
      bound to.
    """
    resolved: dict[str, Any] = {}
    bound: set[str] = set()
    for binding in bindings:
        name = binding.var
        place = _Variable(graph, node, name, is_typed)
        if is_typed and name not in inputs:
            place.add(problems.VARIABLE_NOT_FOUND)
        elif not binding.HasField("binding"):
            graph.add(problems.VALUE_REQUIRED, node.id, "Binding")
        elif name in bound:
            place.add(problems.BOUND_TWICE)
        else:
            bound.add(name)
            expected = inputs.get(name) if is_typed else types_pb2.LiteralType(simple=types_pb2.NONE)
            checked = _check(place, binding.binding, expected)
            if checked is not None:
                resolved[name] = checked.literal_type
                for provider in checked.upstream:
                    graph.add_edge(provider, node.id, both_ways=both_ways)
    for name, literal_type in inputs.items():
        if name not in bound and (literal_type is None or not is_optional(literal_type)):
            graph.add(problems.NOT_BOUND, node.id, name)
    return resolved


def _check(place: _Variable, binding: Any, expected: Any) -> _Resolved | None:
    """Return what a binding resolves to, or None and findings."""
    place.graph.catalog.step()
    kind = binding.WhichOneof("value")
    if expected.HasField("union_type") and kind not in ("scalar", "promise"):
        return _check_variants(place, binding, expected)
    return _CHECKS.get(kind, _check_nothing)(place, binding, expected)


def _check_variants(place: _Variable, binding: Any, expected: Any) -> _Resolved | None:
    """Find the one variant that a list or a map fits; scalars and promises are left to the type check."""
    faults = place.graph.catalog.faults
    fitting: list[tuple[Any, _Resolved]] = []
    for variant in expected.union_type.variants:
        before = len(faults)
        checked = _check(place, binding, variant)
        # What is wrong with one variant is no problem as long as another fits.
        del faults[before:]
        if checked is not None:
            fitting.append((variant, checked))
        if len(fitting) > 1:
            place.add(problems.AMBIGUOUS_UNION, expected, binding, fitting[0][0], variant)
            return None
    if not fitting:
        place.add(problems.INCOMPATIBLE_UNION, expected, binding)
        return None
    return fitting[0][1]


def _check_holder(place: _Variable, binding: Any, expected: Any) -> _Resolved | None:
    """Check the items of a list or a map; the last one gives the type of them all."""
    kind = binding.WhichOneof("value")
    given, element = getattr(binding, kind), _ELEMENTS[kind]
    if not expected.HasField(element):
        place.add(problems.MISMATCHING_BINDINGS, expected, given)
        return None
    before = len(place.graph.catalog.faults)
    literal_type = None
    upstream: list[str] = []
    for item in [given.bindings[key] for key in sorted(given.bindings)] if kind == "map" else given.bindings:
        checked = _check(place, item, getattr(expected, element))
        if checked is not None:
            literal_type = checked.literal_type
            upstream.extend(checked.upstream)
    if len(place.graph.catalog.faults) != before:
        return None
    return _Resolved(types_pb2.LiteralType(**{element: literal_type}), upstream)


def _check_promise(place: _Variable, binding: Any, expected: Any) -> _Resolved | None:
    promise = binding.promise
    provider = place.graph.nodes.get(promise.node_id or START_NODE)
    if provider is None:
        # The compiler blames the node that is not there.
        place.graph.add(problems.NODE_NOT_FOUND, promise.node_id)
        place.add(problems.NOT_BOUND)
        return None
    name, is_item = _output_of(promise.var)
    if name is None:
        place.add(problems.SYNTAX, promise.var)
        return None
    outputs = output_types(place.graph, provider)
    if outputs is None or name not in outputs:
        if outputs is not None:
            place.graph.add(problems.VARIABLE_NOT_FOUND, provider.id, name)
        place.add(problems.NOT_BOUND)
        return None
    promised = outputs[name]
    source = promised
    label = provider.label(promise.var)
    if is_item:
        if promised.HasField("collection_type"):
            source = promised.collection_type
        else:
            place.add(problems.MISMATCHING_VARIABLES, *_types(place, promised, expected), upstream=label)
    for attribute in promise.attr_path:
        inner = _inside(source, attribute)
        if inner is None:
            place.graph.add(
                problems.FIELD_NOT_FOUND, place.node.id, promise.var, label, (source, attribute.string_value)
            )
            return None
        source = inner
    if place.is_typed and not castable(source, expected):
        place.add(problems.MISMATCHING_VARIABLES, *_types(place, source, expected), upstream=label)
        return None
    promise.node_id = provider.id
    # The type of the whole output, though a part of it may be all that is taken: so does the compiler.
    return _Resolved(promised, [provider.id])


def _output_of(var: str) -> tuple[str | None, bool]:
    """Return the name of an output and whether one item of it is meant; no name where the text cannot be read."""
    matches = list(islice(_OUTPUT.finditer(var), 2))
    if len(matches) != 1:
        return None, False
    index = matches[0]["index"]
    # Longer than any index can be, and than Python reads.
    if index is not None and (len(index.lstrip("0")) > len(str(_LARGEST_INDEX)) or int(index) > _LARGEST_INDEX):
        return None, True
    return matches[0]["name"], index is not None


def _inside(source: Any, attribute: Any) -> Any:
    """Return the type that one step into a value leads to: the same where nothing is known of it, None if not there."""
    if source.HasField("collection_type"):
        return source.collection_type
    if source.HasField("map_value_type"):
        return source.map_value_type
    fields = source.structure.dataclass_type
    if not fields:
        return source
    return fields.get(attribute.string_value)


def _types(place: _Variable, source: Any, expected: Any) -> tuple[Any, ...]:
    return Pretty(source), place.node.label(place.name), Pretty(expected)


def _check_scalar(place: _Variable, binding: Any, expected: Any) -> _Resolved | None:
    before = len(place.graph.catalog.faults)
    scalar = binding.scalar
    literal_type = scalar_type_message(scalar)
    if literal_type is None:
        # A blob that does not say what it is; a scalar without a value is more than the compiler survives.
        place.add(problems.UNRECOGNIZED_VALUE, "*core.Scalar_Blob" if scalar.HasField("blob") else "<nil>")
    elif place.is_typed and not (scalar_says_its_type(scalar) and castable(literal_type, expected)):
        place.add(problems.MISMATCHING_TYPES, Pretty(literal_type), Pretty(expected))
    values = expected.enum_type.values
    if expected.HasField("enum_type") and scalar.primitive.string_value not in values:
        place.add(problems.ILLEGAL_ENUM_VALUE, f"[{' '.join(values)}]", scalar.primitive.string_value)
    return _Resolved(literal_type, []) if len(place.graph.catalog.faults) == before else None


def _check_nothing(place: _Variable, binding: Any, expected: Any) -> None:
    received = "*core.BindingData_OffloadedMetadata" if binding.HasField("offloaded_metadata") else ""
    place.add(problems.MISMATCHING_BINDINGS, expected, received)


_ELEMENTS: Final = {"collection": "collection_type", "map": "map_value_type"}
_CHECKS: Final[dict[str | None, Callable[[_Variable, Any, Any], _Resolved | None]]] = {
    "collection": _check_holder,
    "map": _check_holder,
    "promise": _check_promise,
    "scalar": _check_scalar,
}


def output_types(graph: Graph, node: GraphNode) -> dict[str, Any] | None:
    """Return the types of a node's outputs by the names that others call them by.

    ``graph``: the workflow, where problems go.
    ``node``: one whose interface is known, or turned out to be broken.
    Returns dict of str to LiteralType, or None: outputs under their aliases, where they have one. Empty where the
      interface is not known, None where an alias is given twice or to an output that does not exist.
    """
    before = len(graph.catalog.faults)
    aliases: dict[str, str] = {}
    for given in node.message.output_aliases:
        if given.var in aliases:
            graph.add(problems.DUPLICATE_ALIAS, node.id, given.alias)
        else:
            aliases[given.var] = given.alias
    types: dict[str, Any] = {}
    if node.interface is not None:
        types = {aliases.pop(name, name): literal_type for name, literal_type in node.interface.outputs.items()}
        for alias in aliases.values():
            graph.add(problems.NOT_BOUND, node.id, alias)
    return types if len(graph.catalog.faults) == before else None

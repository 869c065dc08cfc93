"""What a change of an interface means for its callers: no verdict may be better than any producer or consumer proves."""

from __future__ import annotations

import copy
import json
import tarfile
import time
from functools import reduce
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import interface_pb2, tasks_pb2, types_pb2
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models import LiteralType, TypedInterface
from flytetask_nb.semantics import castable
from flytetask_nb.semantics.variable_verdicts import BREAKING, RISKY, SAFE, Compatibility, VariableCompatibility
from flytetask_nb.semantics.variance import compatibility
from tests.conftest import flytekit_module
from tests.semantics.typed_values import has_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Told = dict[str, Any]

NONE: Final = {"simple": "NONE"}
INTEGER: Final = {"simple": "INTEGER"}
FLOAT: Final = {"simple": "FLOAT"}
STRING: Final = {"simple": "STRING"}
STRUCT: Final = {"simple": "STRUCT"}
SIMPLES: Final = [
    {"simple": name}
    for name in ("NONE", "INTEGER", "FLOAT", "STRING", "BOOLEAN", "DATETIME", "DURATION", "BINARY", "ERROR", "STRUCT")
]
RED: Final = {"enumType": {"values": ["red"]}}
RED_BLUE: Final = {"enumType": {"values": ["red", "blue"]}}


def tagged(told: Told, tag: str) -> Told:
    return {**told, "structure": {"tag": tag}}


def union(*variants: Told) -> Told:
    return {"unionType": {"variants": list(variants)}}


def list_of(element: Told) -> Told:
    return {"collectionType": element}


def map_of(element: Told) -> Told:
    return {"mapValueType": element}


def file(form: str = "") -> Told:
    return {"blob": {"format": form}}


def dataset(form: str = "", **columns: Told) -> Told:
    made = [{"name": name, "literalType": column} for name, column in columns.items()]
    return {"structuredDatasetType": {"format": form, "columns": made}}


def schema(**columns: str) -> Told:
    return {"schema": {"columns": [{"name": name, "type": kind} for name, kind in columns.items()]}}


def dataclass(_schema: Told | None = None, **fields: Any) -> Told:
    told = {"type": "object", "properties": fields, "required": sorted(fields), "additionalProperties": False}
    return {"simple": "STRUCT", "metadata": {**told, **(_schema or {})}}


TEXT: Final = {"type": "string"}
COLOR: Final = {"type": "string", "enum": ["red", "blue"]}
NUMBER: Final = {"type": "integer"}

DATACLASSES: Final = [
    dataclass(x=NUMBER),
    dataclass({"title": "Another"}, x=NUMBER),
    dataclass(x=NUMBER, y=TEXT),
    dataclass({"required": ["x"]}, x=NUMBER, y=TEXT),
    dataclass(x=NUMBER, y=COLOR),
    dataclass(y={"enum": ["red", "blue"]}),
    dataclass(y={"enum": ["blue"]}),
    dataclass(y={"type": "integer", "minimum": 1}),
    dataclass(y={"type": "object", "additionalProperties": NUMBER}),
    dataclass(y={"type": "object", "additionalProperties": TEXT}),
    dataclass({"additionalProperties": True}, x=NUMBER),
    dataclass(y={"type": "string", "format": "path"}),
    dataclass(y={"anyOf": [TEXT, {"type": "null"}]}),
    dataclass(y={"anyOf": [{"type": "null"}, TEXT]}),
    dataclass(y={"anyOf": [COLOR, {"type": "null"}]}),
    dataclass(y={"type": "string", "pattern": "r"}),
    dataclass(),
    tagged(dataclass(x=NUMBER), "t"),
    tagged(STRUCT, "t"),
]
TABLES: Final = [
    dataset(),
    dataset("csv"),
    dataset("parquet"),
    dataset("Parquet"),
    dataset(x=INTEGER),
    dataset("csv", x=INTEGER),
    dataset("parquet", x=INTEGER),
    dataset(x=INTEGER, y=STRING),
    dataset(y=STRING, x=INTEGER),
    dataset(y=RED),
    dataset(y=STRING),
    dataset(x=tagged(INTEGER, "t")),
    dataset(x=union(INTEGER, NONE)),
    dataset(x=list_of(INTEGER)),
    schema(),
    schema(x="INTEGER"),
    schema(x="INTEGER", y="STRING"),
    schema(y="STRING"),
]
LEAVES: Final = [
    *SIMPLES,
    RED,
    RED_BLUE,
    tagged(STRING, "t"),
    tagged(INTEGER, "t"),
    tagged(RED, "t"),
    tagged(NONE, "t"),
    file(),
    file("csv"),
    file("CSV"),
    {"blob": {"dimensionality": "MULTIPART"}},
    {},
]
UNIONS: Final = [
    union(),
    union(INTEGER),
    union(INTEGER, INTEGER),
    union(INTEGER, NONE),
    union(NONE, INTEGER),
    union(tagged(INTEGER, "int"), tagged(NONE, "none")),
    union(tagged(INTEGER, "int"), tagged(STRING, "str")),
    union(STRING, NONE),
    union(STRING),
    union(STRING, RED),
    union(RED, STRING),
    union(RED, NONE),
    union(RED, RED_BLUE),
    union(tagged(RED, "t"), tagged(STRING, "t")),
    union(file(), file("csv")),
    union(file("csv"), NONE),
    union(file(), NONE),
    union(dataset(), NONE),
    union(dataset("parquet"), NONE),
    union(dataset(), schema()),
    union(schema(), NONE),
    union(schema(x="INTEGER"), dataset("csv")),
    union(list_of(INTEGER), NONE),
    union(list_of(INTEGER), list_of(STRING)),
    union(list_of(STRING), list_of(INTEGER), NONE),
    union(INTEGER, list_of(INTEGER)),
    union(dataclass(x=NUMBER), dataclass(x=NUMBER, y=TEXT)),
    union(dataclass(x=NUMBER), STRUCT),
    union(dataclass(x=NUMBER), dataclass({"title": "Another"}, x=NUMBER)),
    union(dataclass(x=NUMBER), NONE),
    union(union(INTEGER, STRING), NONE),
    union(union(INTEGER, NONE)),
    union(union(RED, STRING)),
]
HOLDERS: Final = [
    *map(list_of, [NONE, INTEGER, STRING, RED, file(), file("csv"), dataset(), schema(), union(INTEGER, NONE)]),
    *map(map_of, [NONE, INTEGER, union(INTEGER), list_of(INTEGER), union(STRING, NONE), dataclass(x=NUMBER)]),
    list_of(list_of(NONE)),
    list_of(list_of(INTEGER)),
    list_of(union(RED, STRING)),
]
UNIVERSE: Final = [*LEAVES, *TABLES, *DATACLASSES, *UNIONS, *HOLDERS]


def message(told: Told) -> Any:
    return ParseDict(told, types_pb2.LiteralType())


def of_input(literal_type: Any) -> Any:
    return interface_pb2.TypedInterface(
        inputs=interface_pb2.VariableMap(variables={"x": interface_pb2.Variable(type=literal_type)})
    )


def of_output(literal_type: Any) -> Any:
    return interface_pb2.TypedInterface(
        outputs=interface_pb2.VariableMap(variables={"x": interface_pb2.Variable(type=literal_type)})
    )


def input_change(old: Any, new: Any) -> VariableCompatibility:
    return compatibility(of_input(old), of_input(new)).inputs["x"]


def output_change(old: Any, new: Any) -> VariableCompatibility:
    return compatibility(of_output(old), of_output(new)).outputs["x"]


def feeds_less(witness: object, old: object, new: object) -> bool:
    """Tell whether a producer fed the old type and does not feed the new one."""
    return castable(witness, old) and not castable(witness, new)


def is_fed_less(witness: object, old: object, new: object) -> bool:
    """Tell whether a consumer was fed by the old type and is not fed by the new one."""
    return castable(old, witness) and not castable(new, witness)


def is_refused(witness: Any, given: Any, wanted: Any) -> bool:
    """Tell whether a value is one of the first type and none of the other, which the first feeds."""
    return castable(given, wanted) and has_value(given, witness) and not has_value(wanted, witness)


# -- a universe: all pairs, all producers, all consumers -----------------------------------------------------------


def holds_nested_unions(literal_type: Any) -> bool:
    return any(variant.HasField("union_type") for variant in literal_type.union_type.variants)


class Universe:
    """Types with the answers for all pairs, as numbers whose bits are the types that fit."""

    def __init__(self, types: Sequence[Any], feeds: Callable[[int, int], bool]) -> None:
        self.types = types
        numbers = range(len(types))
        self.consumers = [sum(1 << down for down in numbers if feeds(up, down)) for up in numbers]
        self.producers = [sum(1 << up for up in numbers if self.consumers[up] >> down & 1) for down in numbers]

    def contradictions(self) -> list[str]:
        """Name every verdict that some type of the universe, or the witness itself, contradicts, or that none shows."""
        found = []
        for old, new in permutations(range(len(self.types)), 2):
            one, other = self.types[old], self.types[new]
            if one == other:
                continue
            verdicts = (
                (input_change(one, other), self.consumers[old] >> new & 1, self.producers, feeds_less, (one, other)),
                (output_change(one, other), self.consumers[new] >> old & 1, self.consumers, is_fed_less, (other, one)),
            )
            for change, fits, known, proves, unseen in verdicts:
                lost = known[old] & ~known[new]
                wrong = (change.verdict == BREAKING) == bool(fits) or (change.verdict == SAFE and lost)
                if change.is_unseen:
                    wrong = wrong or change.verdict != RISKY or not is_refused(change.witness, *unseen)
                elif change.verdict == RISKY and change.witness is None:
                    # Unions in unions are not looked through; no SDK writes them.
                    wrong = wrong or not (holds_nested_unions(one) or holds_nested_unions(other))
                elif change.verdict == RISKY and not change.path:
                    wrong = wrong or not proves(change.witness, one, other)
                if wrong:
                    found.append(f"{proves.__name__} {old} -> {new}: {change}")
        return found


@pytest.fixture(scope="module")
def small_universe() -> Universe:
    types = [message(told) for told in UNIVERSE]
    return Universe(types, lambda up, down: castable(types[up], types[down]))


def test_the_universe_holds_what_it_should() -> None:
    assert len(UNIVERSE) >= 100
    kinds = {message(told).WhichOneof("type") for told in UNIVERSE}
    assert kinds == {field.name for field in types_pb2.LiteralType.DESCRIPTOR.oneofs_by_name["type"].fields} | {None}


def test_no_type_of_the_universe_contradicts_a_verdict(small_universe: Universe) -> None:
    """No producer or consumer that breaks is called safe, none that fits breaking, and every risk has a witness."""
    assert small_universe.contradictions() == []


@pytest.fixture
def vector_universe(truth_folder: Path) -> Universe:
    read = json.loads((truth_folder / "vectors" / "castability.json").read_text(encoding="utf-8"))
    assert len(read["types"]) >= 90
    return Universe(
        [message(told["type"]) for told in read["types"]], lambda up, down: read["castable"][up][down] == "1"
    )


def test_no_type_that_the_compiler_was_asked_about_contradicts_a_verdict(vector_universe: Universe) -> None:
    """The answers of Flyte's own code decide who fits."""
    assert vector_universe.contradictions() == []


def test_a_member_that_the_compiler_stumbles_over_is_no_safe_consumer() -> None:
    """As variant of a union the old type finds its consumer first; alone, the new one is held against all of them."""
    one = dataclass(y={"type": "string"})
    old, new = union(dataset(), one), union(one)
    consumer = union(dataset(), one, dataclass(y={"type": "string", "pattern": "r"}))
    assert is_fed_less(message(consumer), message(old), message(new))
    assert output_change(message(old), message(new)).verdict == RISKY


# -- laws ----------------------------------------------------------------------------------------------------------

SMALL_LEAVES: Final = [
    NONE,
    INTEGER,
    STRING,
    RED,
    RED_BLUE,
    tagged(STRING, "t"),
    tagged(INTEGER, "t"),
    file(),
    file("csv"),
]
LEAF_TYPES = st.sampled_from(SMALL_LEAVES + TABLES[:12] + TABLES[14:] + DATACLASSES)
TYPES = st.recursive(
    LEAF_TYPES,
    lambda inner: st.one_of(
        inner.map(list_of),
        inner.map(map_of),
        st.lists(inner, max_size=3).map(lambda variants: union(*variants)),
        st.tuples(st.sampled_from(["", "parquet"]), inner).map(lambda made: dataset(made[0], x=made[1])),
    ),
    max_leaves=4,
).map(message)


@settings(max_examples=400)
@given(TYPES, TYPES, TYPES)
def test_no_third_type_contradicts_a_verdict(old: Any, new: Any, third: Any) -> None:
    """Whoever old and new are, what feeds the one and not the other is never called safe."""
    if input_change(old, new).verdict == SAFE:
        assert not feeds_less(third, old, new)
    if output_change(old, new).verdict == SAFE:
        assert not is_fed_less(third, old, new)


@given(TYPES, TYPES)
def test_every_witness_is_one(old: Any, new: Any) -> None:
    """Each witness is what it is said to be."""
    change = input_change(old, new)
    if change.is_unseen:
        assert (change.verdict, is_refused(change.witness, old, new)) == (RISKY, True)
    elif change.witness is not None:
        assert (change.verdict, feeds_less(change.witness, old, new)) == (RISKY, True)
    change = output_change(old, new)
    if change.is_unseen:
        assert (change.verdict, is_refused(change.witness, new, old)) == (RISKY, True)
    elif change.witness is not None:
        assert (change.verdict, is_fed_less(change.witness, old, new)) == (RISKY, True)


@given(TYPES)
def test_the_same_type_is_safe(literal_type: Any) -> None:
    """A type that is the same needs no check, not even one that feeds nothing."""
    assert input_change(literal_type, literal_type).verdict == SAFE
    assert output_change(literal_type, literal_type).verdict == SAFE


@given(TYPES, st.randoms(use_true_random=False))
def test_the_order_of_variants_and_columns_is_safe(literal_type: Any, random: Any) -> None:
    """It decides nothing but the cache key."""
    shuffled = types_pb2.LiteralType()
    shuffled.CopyFrom(literal_type)
    for repeated in (shuffled.union_type.variants, shuffled.schema.columns, shuffled.structured_dataset_type.columns):
        items = list(repeated)
        random.shuffle(items)
        del repeated[:]
        repeated.extend(items)
    if shuffled.WhichOneof("type") == literal_type.WhichOneof("type") and castable(literal_type, literal_type):
        change = input_change(literal_type, shuffled)
        # Nested unions and members that the compiler stumbles over are not looked through.
        assert change.verdict == SAFE or change.witness is None
        assert castable(literal_type, shuffled)


# -- single rules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "verdict", "witness"),
    [
        pytest.param(INTEGER, STRING, BREAKING, None, id="an int is no text"),
        pytest.param(INTEGER, union(INTEGER, NONE), SAFE, None, id="made optional"),
        pytest.param(union(INTEGER, NONE), INTEGER, BREAKING, None, id="no longer optional"),
        pytest.param(file(), file("csv"), RISKY, file("parquet"), id="a file of one format only"),
        pytest.param(file("csv"), file(), SAFE, None, id="a file of any format"),
        pytest.param(dataset("csv"), dataset(), SAFE, None, id="a dataset in any format"),
        pytest.param(dataset(), dataset("csv"), RISKY, dataset("parquet"), id="a dataset in one format"),
        pytest.param(dataset(x=INTEGER), dataset(), SAFE, None, id="no column is needed any longer"),
        pytest.param(dataset(), dataset(x=INTEGER), RISKY, dataset("", other=INTEGER), id="a column is needed"),
        pytest.param(dataset(), schema(), RISKY, NONE, id="a schema does not take nothing"),
        pytest.param(dataset(), union(dataset(), NONE), RISKY, NONE, id="nothing fits two variants"),
        pytest.param(STRING, RED, RISKY, {"enumType": {"values": ["other"]}}, id="a text becomes an enum"),
        pytest.param(RED, RED_BLUE, BREAKING, None, id="a value of an enum added"),
        pytest.param(STRING, union(STRING, RED), BREAKING, None, id="a text fits two variants"),
        pytest.param(list_of(INTEGER), union(list_of(INTEGER), list_of(STRING)), RISKY, list_of(NONE), id="empty list"),
        pytest.param(union(INTEGER, NONE), union(NONE, INTEGER, STRING), SAFE, None, id="a variant more"),
        pytest.param(dataclass(x=NUMBER, y=TEXT), dataclass(x=NUMBER), SAFE, None, id="a field less"),
        pytest.param(dataclass(x=NUMBER), dataclass(x=NUMBER, y=TEXT), BREAKING, None, id="a field more"),
        pytest.param(dataset(x=INTEGER), dataset(x=union(INTEGER, NONE)), RISKY, schema(x="INTEGER"), id="a schema"),
    ],
)
def test_input_rules(old: Told, new: Told, verdict: str, witness: Told | None) -> None:
    """One rule a case."""
    change = input_change(message(old), message(new))
    expected = None if witness is None else LiteralType.from_flyte_idl(message(witness))
    assert (verdict, expected) == (change.verdict, change.witness)


@pytest.mark.parametrize(
    ("old", "new", "verdict", "witness"),
    [
        pytest.param(INTEGER, STRING, BREAKING, None, id="an int is no text"),
        pytest.param(INTEGER, union(INTEGER, NONE), BREAKING, None, id="made optional"),
        pytest.param(file(), {"blob": {"dimensionality": "MULTIPART"}}, SAFE, None, id="the compiler is blind to it"),
        pytest.param(file(), file("csv"), RISKY, file("parquet"), id="a file of one format only"),
        pytest.param(file("csv"), file(), RISKY, union(file("csv"), file("parquet")), id="a file of any format"),
        pytest.param(schema(), dataset("parquet"), SAFE, None, id="a dataset that is all that a schema is"),
        pytest.param(RED, STRING, RISKY, union(RED, {"enumType": {"values": ["other"]}}), id="an enum becomes a text"),
        pytest.param(
            dataclass(x=NUMBER),
            dataclass(x=NUMBER, y=TEXT),
            RISKY,
            union(dataclass(x=NUMBER), dataclass(x=NUMBER, y=TEXT)),
            id="a field more fits two variants",
        ),
        pytest.param(dataclass(x=NUMBER), dataclass({"title": "B"}, x=NUMBER), SAFE, None, id="another name"),
        pytest.param(union(INTEGER, STRING, NONE), union(NONE, INTEGER), SAFE, None, id="a variant less"),
        pytest.param(union(INTEGER, NONE), INTEGER, RISKY, union(INTEGER, NONE, INTEGER), id="no longer optional"),
        pytest.param(list_of(INTEGER), list_of(NONE), RISKY, union(list_of(INTEGER), list_of(STRING)), id="empty list"),
    ],
)
def test_output_rules(old: Told, new: Told, verdict: str, witness: Told | None) -> None:
    """One rule a case."""
    change = output_change(message(old), message(new))
    if witness is None:
        assert (verdict, None) == (change.verdict, change.witness)
    else:
        assert (verdict, True) == (change.verdict, is_fed_less(message(witness), message(old), message(new)))
        assert is_fed_less(change.witness, message(old), message(new))


def with_fields(told: Told, **fields: Told) -> Told:
    return {**told, "structure": {"dataclassType": fields}}


@pytest.mark.parametrize(
    ("old", "new", "path", "witness"),
    [
        pytest.param({"c": RED}, {"c": RED_BLUE}, ("c",), RED, id="a field of another type"),
        pytest.param({"c": RED, "d": INTEGER}, {"c": RED}, ("d",), INTEGER, id="a field that is gone"),
        pytest.param({"c": INTEGER}, {}, ("c",), INTEGER, id="no field is told any longer"),
        pytest.param(
            {"c": with_fields(STRUCT, e=RED)}, {"c": with_fields(STRUCT, e=STRING)}, ("c", "e"), None, id="deep"
        ),
    ],
)
@pytest.mark.parametrize("wrap", [lambda told: told, list_of, map_of], ids=["alone", "list", "map"])
def test_a_part_of_an_output_can_be_at_risk(
    old: dict[str, Told],
    new: dict[str, Told],
    path: tuple[str, ...],
    witness: Told | None,
    wrap: Callable[[Told], Told],
) -> None:
    """Callers read fields, and the type as a whole need not know of them."""
    one, other = wrap(with_fields(STRUCT, **old)), wrap(with_fields(STRUCT, **new))
    change = output_change(message(one), message(other))
    inside = path if "simple" in one else ("[0]", *path)
    assert (RISKY, inside) == (change.verdict, change.path)
    assert ".".join(inside) in change.reason
    if witness is not None:
        assert LiteralType.from_flyte_idl(message(witness)) == change.witness
    assert input_change(message(one), message(other)).verdict == SAFE


def test_a_field_more_is_no_risk_to_who_reads_the_others() -> None:
    one, other = with_fields(STRUCT, c=RED), with_fields(STRUCT, c=RED, d=INTEGER)
    assert output_change(message(one), message(other)).verdict == SAFE


EMPTY: Final = interface_pb2.TypedInterface()


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        pytest.param(INTEGER, BREAKING, id="it must be bound"),
        pytest.param(NONE, BREAKING, id="nothing must be bound too"),
        pytest.param(union(INTEGER, NONE), SAFE, id="it may stay unbound"),
        pytest.param(union(INTEGER, list_of(INTEGER)), RISKY, id="it may stay unbound through a hole"),
        pytest.param(union(INTEGER, STRING), BREAKING, id="the hole is no wider"),
    ],
)
def test_an_input_is_added(told: Told, verdict: str) -> None:
    """Existing callers do not bind it."""
    change = compatibility(EMPTY, of_input(message(told))).inputs["x"]
    assert (verdict, None, None) == (change.verdict, change.old, change.witness)


def test_what_is_removed_breaks() -> None:
    """Whether it was an input or an output, optional or not."""
    optional = message(union(INTEGER, NONE))
    assert compatibility(of_input(optional), EMPTY).inputs["x"].verdict == BREAKING
    assert compatibility(of_output(optional), EMPTY).outputs["x"].verdict == BREAKING


def test_an_output_is_added() -> None:
    """Python callers unpack one result more."""
    assert compatibility(EMPTY, of_output(message(INTEGER))).outputs["x"].verdict == RISKY


# -- the object ----------------------------------------------------------------------------------------------------


def example() -> Compatibility:
    old = ParseDict(
        {
            "inputs": {"variables": {"a10": {"type": INTEGER}, "a9": {"type": file()}}},
            "outputs": {"variables": {"o0": {"type": INTEGER}}},
        },
        interface_pb2.TypedInterface(),
    )
    new = interface_pb2.TypedInterface()
    new.CopyFrom(old)
    new.inputs.variables["a9"].type.blob.format = "csv"
    return compatibility(old, new)


def test_the_whole_is_as_bad_as_its_worst() -> None:
    assert example().verdict == RISKY
    assert compatibility(EMPTY, EMPTY).verdict == SAFE


def test_representation_tells_every_verdict() -> None:
    """In natural order of the names, and the same every time."""
    expected = "Compatibility('risky', inputs={'a9': 'risky', 'a10': 'safe'}, outputs={'o0': 'safe'})"
    assert expected == repr(example()) == repr(copy.deepcopy(example())) == repr(copy.copy(example()))


def test_a_verdict_is_a_sentence() -> None:
    expected = "a9: risky. It accepts values of the old type, but no longer FlyteFile[parquet], as it did before."
    assert expected == str(example().inputs["a9"])


def test_nothing_can_be_changed() -> None:
    result = example()
    with pytest.raises(AttributeError):
        result.inputs = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        result.inputs["a9"] = result.inputs["a10"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        result.inputs["a9"].verdict = SAFE  # type: ignore[misc]


def test_every_format_shows_what_changed_and_counts_the_rest() -> None:
    result = example()
    for shown in (result.to_text(), result.to_markdown(), result.to_html()):
        assert "risky" in shown
        assert "a9" in shown
        assert "FlyteFile[parquet]" in shown.replace("\\", "")
        assert "1 unchanged" in shown
        assert "o0" not in shown


def test_no_change_is_said() -> None:
    assert "No type of the interface changed." in compatibility(EMPTY, EMPTY).to_text()


def test_equal_results_are_equal() -> None:
    assert example() == example()
    assert example() != compatibility(EMPTY, EMPTY)


def test_a_variable_knows_both_types() -> None:
    change = example().inputs["a9"]
    assert (str(change.old), str(change.new), change.is_changed) == ("FlyteFile", "FlyteFile[csv]", True)
    assert not example().inputs["a10"].is_changed


def test_tasks_in_every_form_are_taken() -> None:
    """Messages, models, and whatever stands for a message."""
    template = tasks_pb2.TaskTemplate(interface=of_input(message(INTEGER)))
    spec = task_pb2.TaskSpec(template=template)
    other = TypedInterface.from_flyte_idl(of_input(message(FLOAT)))
    for task in (template, spec, ftn.FlyteTask.from_flyte_idl(spec), template.interface):
        assert compatibility(task, other).verdict == BREAKING
    flytekit = flytekit_module("flytekit.models.interface")
    assert compatibility(flytekit.TypedInterface.from_flyte_idl(template.interface), other).verdict == BREAKING


def test_other_things_are_refused() -> None:
    with pytest.raises(ModelTypeError, match="expected a task"):
        compatibility("task", EMPTY)
    with pytest.raises(ModelTypeError, match="expected a task"):
        compatibility(EMPTY, message(INTEGER))


def test_a_type_that_is_too_deep_is_named() -> None:
    deep = reduce(lambda inner, _: list_of(inner), range(60), INTEGER)
    interface = of_input(message(INTEGER))
    inner = interface.inputs.variables["x"].type
    for _ in range(200):
        inner = inner.collection_type
    inner.simple = types_pb2.INTEGER
    with pytest.raises(ModelValueError, match=r"input 'x': .*at most 100"):
        compatibility(interface, of_input(message(INTEGER)))
    assert input_change(message(deep), message(INTEGER)).verdict == BREAKING


@pytest.mark.parametrize("wrap", [list_of, lambda told: union(told, told, NONE), lambda told: dataset(x=told, y=told)])
def test_deep_types_do_not_explode(wrap: Callable[[Told], Told]) -> None:
    """Neither proofs nor guesses are repeated for each way through a type."""
    one, other = (reduce(lambda inner, _: wrap(inner), range(9), leaf) for leaf in (file(), file("csv")))
    begun = time.process_time()
    for old, new in ((one, other), (other, one)):
        input_change(message(old), message(new))
        output_change(message(old), message(new))
    assert time.process_time() - begun < 30


def test_the_facade_has_it() -> None:
    assert ftn.compatibility is ftn.semantics.compatibility is compatibility


# -- real callers --------------------------------------------------------------------------------------------------


def test_no_real_caller_contradicts_a_verdict(vectors: Path, corpus: Path) -> None:
    """Wherever a change is called safe, the workflow that calls the task still compiles."""
    cases = [json.loads(line) for line in (vectors / "callers.jsonl").read_text(encoding="utf-8").splitlines()]
    interfaces: dict[str, dict[str, Any]] = {}
    for archive in {case["archive"] for case in cases}:
        with tarfile.open(corpus / archive) as opened:
            specs = [
                task_pb2.TaskSpec.FromString(content.read())
                for entry in opened
                if entry.name.endswith("_1.pb") and (content := opened.extractfile(entry)) is not None
            ]
        interfaces[archive] = {spec.template.id.name: spec.template.interface for spec in specs}
    verdicts = {}
    for number, case in enumerate(cases):
        new = ParseDict(case["interface"], interface_pb2.TypedInterface())
        verdicts[number] = compatibility(interfaces[case["archive"]][case["task"]], new).verdict
    assert [number for number, case in enumerate(cases) if verdicts[number] == SAFE and not case["compiles"]] == []
    assert {SAFE, RISKY, BREAKING} == set(verdicts.values())

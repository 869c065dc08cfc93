"""The house has floors: nothing imports upwards, gRPC has two rooms, and no module hides a public name."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.conftest import ROOT
from tests.without_extras import OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "flytetask_nb"

GROUND = 0
ROOF = 7

# A room may read from rooms that lie lower. Of one height, only the ground and the roof are open rooms.
HEIGHTS = {
    "errors": GROUND,
    "extras": GROUND,
    "addresses": GROUND,
    "bounded_reading": GROUND,
    "dtypes": GROUND,
    "folder_swap": GROUND,
    "options": GROUND,
    "part_lists": GROUND,
    "policies": GROUND,
    "protobuf_wire": GROUND,
    "masking": GROUND,
    "printing": GROUND,
    "models": GROUND,
    "semantics": 1,
    "tables": 2,
    "diffs": 2,
    "collection": 3,
    "sources": 4,
    "views": 5,
    "widgets": 6,
    "integrations": ROOF,
    "command_line": ROOF,
    "embedded_admin": ROOF,
    "__init__": ROOF,
    "__main__": ROOF,
}

EXTRAS = f"{PACKAGE}.extras"
GRPC_ROOMS = (f"{PACKAGE}.sources.client", f"{PACKAGE}.embedded_admin")

# These are public as modules.
PUBLIC_MODULES = {PACKAGE: {"errors", "models", "semantics"}, f"{PACKAGE}.views": {"pictures"}}

# Who may call the readers of others that take whatever they are given.
READERS = frozenset({"json", "yaml", "tomllib", "tomli", "pickle", "marshal", "shelve"})
BOUNDED = {
    f"{PACKAGE}.bounded_reading": {"json.loads", "tomllib.loads"},
    f"{PACKAGE}.sources.document_reader": {"yaml.parse"},
}

SOURCES = sorted((ROOT / PACKAGE).rglob("*.py"))


class Import(NamedTuple):
    """One import: who, in which line, and what."""

    importer: str
    line: int
    imported: str

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def absolute(importer: str, node: ast.ImportFrom) -> str:
    """Resolve the dots of a relative import."""
    if not node.level:
        return node.module or ""
    base = importer.split(".")[: -node.level]
    return ".".join([*base, *filter(None, [node.module])])


def imported_by(importer: str, node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (name.name for name in names)
        case ast.ImportFrom(names=names):
            origin = absolute(importer, node)
            # "from package import module" names a module of the package, "from module import thing" only the module.
            yield from (f"{origin}.{name.name}" for name in names)
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            yield name


def imports(path: Path) -> list[Import]:
    """Every import of a file: inside of functions and for type checkers only too."""
    importer = module_name(path)
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return [
        Import(importer, getattr(node, "lineno", 0), name)
        for node in ast.walk(tree)
        for name in imported_by(importer, node)
    ]


def room(module: str) -> str:
    """Which room of the house a module of the package is in."""
    _, _, inside = module.partition(".")
    first = inside.partition(".")[0]
    return first if first in HEIGHTS else "__init__"


def goes_up(one: Import) -> bool:
    if one.imported.partition(".")[0] != PACKAGE:
        return False
    here, there = room(one.importer), room(one.imported)
    if here == there or HEIGHTS[there] < HEIGHTS[here]:
        return False
    return HEIGHTS[here] != HEIGHTS[there] or HEIGHTS[here] not in (GROUND, ROOF)


@cache
def all_imports() -> list[Import]:
    """Every import of the package; each worker collects these tests, and one runs them."""
    return [one for path in SOURCES for one in imports(path)]


def test_every_module_has_a_room() -> None:
    rooms = {path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py") for path in SOURCES}
    assert rooms <= HEIGHTS.keys()


def test_nothing_imports_upwards() -> None:
    assert [str(one) for one in all_imports() if goes_up(one)] == []


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, if only through others (Tarjan's algorithm)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        numbers[module] = lowest[module] = len(numbers)
        stack.append(module)
        for other in sorted(arrows[module]):
            if other not in numbers:
                visit(other)
            if other in stack:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == numbers[module]:
            group = [stack.pop()]
            while group[-1] != module:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(arrows):
        if module not in numbers:
            visit(module)
    return found


def test_no_modules_import_each_other() -> None:
    """Imports for types count. A package stands for its front: what is in it may not ask the front for more."""
    modules = {module_name(path).removesuffix(".__init__") for path in SOURCES}
    arrows: dict[str, set[str]] = {module: set() for module in modules}
    for one in all_imports():
        importer = one.importer.removesuffix(".__init__")
        imported = one.imported if one.imported in modules else one.imported.rpartition(".")[0]
        # Every import of a module runs the front of its package; only what names the front counts here.
        if imported in modules and imported != importer:
            arrows[importer].add(imported)
    assert circles(arrows) == []


def test_circles_are_found() -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"d"}}
    assert circles(arrows) == [["a", "b", "c"]]


def test_grpc_is_used_by_the_client_and_the_embedded_admin_alone() -> None:
    """Both take it from where all optional packages come from."""
    users = [one for one in all_imports() if "grpc" in one.imported.replace("_pb2_grpc", ".grpc").split(".")]
    assert [str(one) for one in users if not one.importer.startswith((*GRPC_ROOMS, EXTRAS))] == []
    assert {EXTRAS, f"{PACKAGE}.sources.client.calls", f"{PACKAGE}.embedded_admin.server"} <= {
        one.importer for one in users
    }


def test_texts_of_others_are_read_within_bounds() -> None:
    """By two modules; whoever reads JSON, YAML or TOML asks one of them."""
    users: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=reader), attr=name)) if (
                    reader in READERS and not name.startswith(("dump", "detect"))
                ):
                    users.setdefault(module_name(path), set()).add(f"{reader}.{name}")
                case ast.ImportFrom(module=str(module)) if module in READERS:
                    users.setdefault(module_name(path), set()).add(f"{module} in part")
    assert users == BOUNDED


def test_optional_packages_are_imported_by_one_module_alone() -> None:
    """Elsewhere they are named for type checkers at most, and nothing waits for them."""
    users = [
        (module_name(path), name)
        for path in SOURCES
        for node in running(ast.parse(path.read_text(encoding="utf-8")))
        for name in imported_by(module_name(path), node)
        if name.partition(".")[0] in OPTIONAL or name.endswith("_pb2_grpc")
    ]
    assert [user for user in users if not user[1].startswith(f"{PACKAGE}.extras.")] == []


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from running(ast.Module(node.orelse, []))
        else:
            yield node
            yield from running(node)


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=lambda folder: folder.name)
def test_no_module_is_named_like_a_public_thing_beside_it(folder: Path) -> None:
    """Importing a submodule sets it as an attribute of its package, over a function of that name."""
    files = sorted(folder.glob("*.py"))
    modules = {file.stem for file in files} | {inner.name for inner in folder.iterdir() if any(inner.glob("*.py"))}
    defined = {
        node.name
        for file in files
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    name = ".".join(folder.relative_to(ROOT).parts)
    exported = set(getattr(importlib.import_module(name), "__all__", ()))
    assert modules & (defined | exported) - PUBLIC_MODULES.get(name, set()) == set()


@pytest.mark.parametrize(
    ("importer", "imported", "expected"),
    [
        ("models.tasks", "flytetask_nb.errors", False),
        ("models.tasks", "flytetask_nb.semantics.castability", True),
        ("semantics.castability", "flytetask_nb.models", False),
        ("tables.frames", "flytetask_nb.diffs.changes", True),
        ("sources.archive_reader", "flytetask_nb.collection", False),
        ("collection", "flytetask_nb.sources", True),
        ("views.html", "flytetask_nb", True),
        ("widgets.panel", "flytetask_nb.FlyteTask", True),
        ("integrations.ipython", "flytetask_nb.embedded_admin", False),
        ("models.tasks", "pandas", False),
    ],
)
def test_rule_knows_up_from_down(importer: str, imported: str, expected: object) -> None:
    assert goes_up(Import(f"{PACKAGE}.{importer}", 1, imported)) is expected


def test_imports_are_found_wherever_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from flytetask_nb.views import html\n"
        "def f():\n    from ..widgets import panel\n    import_module('flytetask_nb.sources')\n"
    )
    file = tmp_path / "flytetask_nb" / "models" / "tasks.py"
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    expected = ["flytetask_nb.views.html", "flytetask_nb.widgets.panel", "flytetask_nb.sources"]
    assert [one.imported for one in imports(file) if goes_up(one)] == expected

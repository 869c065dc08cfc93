"""Draw the sample of vectors, transcripts and archives that ships with the project.

The whole truth lies beside the checkout and is too large to ship. Its sample keeps the formats, every kind of case
and every file, so that each test can run on either. Run it as::

    python tests/data/make_sample.py <folder that holds vectors/, transcripts/ and corpus/>

The draw is deterministic: of each kind of case in a file the shortest line first, then the rest evenly, until the
file's budget is spent; lines keep their order. Lines that name an archive are drawn from a few archives that are
copied along. Calls that change what a server holds are always kept, so that a transcript can still be replayed.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = Path(__file__).resolve().parent

Case = dict[str, Any]

ARCHIVES = (
    "2025-03-c9b2c44d/k8s_pod_plugin.pod.tgz",
    "2025-03-c9b2c44d/basics.hello_world.tgz",
    "2025-03-c9b2c44d/data_types_and_io.enum_type.tgz",
    "2025-03-c9b2c44d/sql_plugin.sql_alchemy.tgz",
    "2024-09-beab2f98/testing.mocking.tgz",
    "2024-02-89fff16c/data_types_and_io.attribute_access.tgz",
)

CHANGES_STATE = ("Create", "Update", "POST")
TYPES = 90


def of_quantity(case: Case) -> str:
    """Tell cases apart by what is compared, refused or printed anew, and by the last letters."""
    suffix = case["text"].lstrip("+-.0123456789")
    return f"{'other' in case} {case.get('error')} {case.get('canonical') == case['text']} {suffix[:2]}"


def of_resources(case: Case) -> str:
    return " ".join(f"{name}:{len(case[name]) > 0}" for name in sorted(case))


def of_call(case: Case) -> str:
    """Tell calls apart by what is called, how it ends, and the words of a refusal up to its first quotation."""
    message = str(case.get("message", "")).partition("[")[0].partition("'")[0].partition('"')[0]
    return f"{case.get('call')} {case.get('status')} {message[:60]}"


def of_digest(case: Case) -> str:
    return f"{case.get('target')} {case['archive']}"


def of_key(case: Case) -> str:
    return f"{'mapped' in case} {case['archive']}"


def of_caller(case: Case) -> str:
    return f"{case['change']} {case['compiles']} {str(case.get('error'))[:60]}"


def of_hydration(case: Case) -> str:
    return f"{case['case']} {case['force']}"


def of_generated(case: Case) -> str:
    told = json.dumps(case)
    return f"{case.get('error', '')[:40]} {'cacheable' in told} {'annotation' in told} {'artifact' in told.lower()}"


def of_tag(case: Case) -> str:
    return str(bool(case["cache_ignore_input_vars"]))


def of_literal(case: Case) -> str:
    return " ".join(sorted(case["type"] or ()))


class Thinned(NamedTuple):
    """How a file is thinned: how many bytes it may fill, and what makes two of its lines of one kind."""

    budget: int
    kind: Callable[[Case], str]


FILES = {
    "vectors/quantities.jsonl": Thinned(13_000, of_quantity),
    "vectors/effective-resources.jsonl": Thinned(13_000, of_resources),
    "vectors/hydration.jsonl": Thinned(36_000, of_hydration),
    "vectors/cache-generated.jsonl": Thinned(16_000, of_generated),
    "vectors/digest-generated.jsonl": Thinned(16_000, of_generated),
    "vectors/tags.jsonl": Thinned(9_000, of_tag),
    "vectors/literal-types.jsonl": Thinned(8_000, of_literal),
    "vectors/cache-real.jsonl": Thinned(9_000, of_key),
    "vectors/digest-real.jsonl": Thinned(9_000, of_digest),
    "vectors/digest-server.jsonl": Thinned(9_000, of_digest),
    "vectors/callers.jsonl": Thinned(16_000, of_caller),
    "transcripts/auth.jsonl": Thinned(9_000, of_call),
    "transcripts/list.jsonl": Thinned(70_000, of_call),
    "transcripts/register.jsonl": Thinned(45_000, of_call),
    "transcripts/workflows.jsonl": Thinned(45_000, of_call),
}
WHOLE = (
    "vectors/fast-archive.tgz",
    "transcripts/flytectl/execution-file.yaml",
    "transcripts/flytectl/get-task-list.json",
    "transcripts/flytectl/get-task-list.yaml",
    "transcripts/flytectl/get-task-one.json",
    "transcripts/flytectl/get-task-one.yaml",
)


def evenly(count: int) -> list[int]:
    """Return 0 to count - 1 in an order whose every beginning is spread evenly."""
    order: list[int] = []
    seen: set[int] = set()
    parts = 1
    while len(order) < count:
        for part in range(parts):
            index = (2 * part + 1) * count // (2 * parts)
            if index not in seen:
                seen.add(index)
                order.append(index)
        parts *= 2
        if parts > 2 * count:
            order.extend(index for index in range(count) if index not in seen)
    return order


def thinned(lines: list[str], how: Thinned) -> list[str]:
    cases = [json.loads(line) for line in lines]
    usable = [index for index, case in enumerate(cases) if case.get("archive") in (None, *ARCHIVES)]
    kept = {
        index
        for index in usable
        if str(cases[index].get("call", "")).startswith(CHANGES_STATE) and cases[index]["status"] in ("OK", 200)
    }
    left = how.budget - sum(len(lines[index]) for index in kept)
    by_kind: dict[str, list[int]] = {}
    for index in usable:
        by_kind.setdefault(how.kind(cases[index]), []).append(index)
    first = [min(indices, key=lambda index: len(lines[index])) for indices in by_kind.values()]
    first.sort(key=lambda index: len(lines[index]))
    for index in [*first, *(usable[place] for place in evenly(len(usable)))]:
        if index not in kept and len(lines[index]) <= left:
            kept.add(index)
            left -= len(lines[index])
    return [lines[index] for index in sorted(kept)]


def kind_of_type(literal_type: Case) -> str:
    """Tell types apart by their kind, by what they hold at the first level, and by whether they have a schema."""
    name = next((name for name in literal_type if name not in ("metadata", "annotation", "structure")), "")
    inside = literal_type.get(name)
    told = inside if isinstance(inside, str) else " ".join(sorted(inside or ()))
    return f"{name} {told} {'metadata' in literal_type} {'structure' in literal_type}"


def sub_matrix(matrix: Case) -> Case:
    types = matrix["types"]
    by_kind: dict[str, list[int]] = {}
    for index, told in enumerate(types):
        by_kind.setdefault(kind_of_type(told["type"]), []).append(index)
    chosen: list[int] = []
    turn = 0
    while len(chosen) < TYPES:
        for indices in by_kind.values():
            by_length = sorted(indices, key=lambda index: (len(json.dumps(types[index])), index))
            if turn < len(by_length) and len(chosen) < TYPES:
                chosen.append(by_length[turn])
        turn += 1
    chosen.sort()
    return {
        "types": [types[index] for index in chosen],
        "castable": ["".join(matrix["castable"][upstream][index] for index in chosen) for upstream in chosen],
        "optional": "".join(matrix["optional"][index] for index in chosen),
    }


def main(truth: Path) -> None:
    for folder in ("vectors", "transcripts", "corpus"):
        shutil.rmtree(TARGET / folder, ignore_errors=True)
    copies = [*WHOLE, *(f"corpus/{archive}" for archive in ARCHIVES)]
    for name in (*FILES, "vectors/castability.json", *copies):
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
    for name in copies:
        shutil.copyfile(truth / name, TARGET / name)
    for name, how in FILES.items():
        lines = (truth / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (TARGET / name).write_text("".join(thinned(lines, how)), encoding="utf-8")
    matrix = json.loads((truth / "vectors/castability.json").read_text(encoding="utf-8"))
    (TARGET / "vectors/castability.json").write_text(json.dumps(sub_matrix(matrix)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

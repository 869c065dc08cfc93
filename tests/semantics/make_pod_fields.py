"""Write ``flytetask_nb/semantics/pod_fields.json``: which fields a PodSpec of Kubernetes has, and of what kind.

Reads the type declarations that Kubernetes publishes as Go text, because neither its OpenAPI documents nor its
Python client say which fields are pointers and which are written even when empty; both decide what is left of a pod
spec that passes through them. Run it as::

    python tests/semantics/make_pod_fields.py <folder of k8s.io/api> <folder of k8s.io/apimachinery>

with the two modules in the version that Flyte uses (0.34.1 in Flyte 1.16.8; ``go mod download -json
k8s.io/api@v0.34.1`` prints the folder).

The kind of a field is written as Go writes its type, names of text and number types resolved; a ``!`` in front says
that the field is written even when it is empty, a ``?`` that it is left out when it is zero, though it is a struct.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

SOURCES = (
    (0, "core/v1/types.go", ""),
    (1, "pkg/apis/meta/v1/types.go", "metav1."),
)
ROOT = "PodSpec"
# Types with a JSON form of their own, and types of other packages that are plain texts.
OWN_JSON = {
    "resource.Quantity": "Quantity",
    "intstr.IntOrString": "IntOrString",
    "metav1.Time": "Time",
    "metav1.FieldsV1": "FieldsV1",
    "types.UID": "string",
}
PLAIN = {"string", "bool", "int32", "int64", *OWN_JSON.values()}

TYPE = re.compile(r"^type (\w+) (?:struct \{\n(.*?)^\}|(\S+))", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r'^\t(?:\w+ )?\s*(\S+)\s+`json:"([^"]*)"', re.MULTILINE)
WORD = re.compile(r"[\w.]+")

Declared = dict[str, tuple[str, str]]


def declared(folders: list[Path]) -> Declared:
    """Return for each type its struct body or the type that it renames, and the prefix of its package."""
    types: Declared = {}
    for folder, path, prefix in SOURCES:
        for name, body, other in TYPE.findall((folders[folder] / path).read_text(encoding="utf-8")):
            types[prefix + name] = (body or other, prefix)
    return types


def qualified(types: Declared, word: str, prefix: str) -> str:
    return prefix + word if prefix + word in types else word


def kind_of(types: Declared, kind: str, prefix: str) -> str:
    """Write a Go type with names resolved: ``[]corev1.EnvVar`` to ``[]EnvVar``, ``*RestartPolicy`` to ``*string``."""

    def resolved(found: re.Match[str]) -> str:
        word = qualified(types, found[0], prefix)
        word = OWN_JSON.get(word, word)
        if word in PLAIN or word == "map":
            return word
        meaning, owner = types[word]
        return word if "\n" in meaning else kind_of(types, meaning, owner)

    return WORD.sub(resolved, kind)


def fields_of(types: Declared, name: str) -> dict[str, str]:
    body, prefix = types[name]
    fields: dict[str, str] = {}
    for kind, tag in FIELD.findall(body):
        json_name, *options = tag.split(",")
        if not json_name:
            fields |= fields_of(types, qualified(types, kind, prefix))
            continue
        mark = "?" if "omitzero" in options else "" if "omitempty" in options else "!"
        fields[json_name] = mark + kind_of(types, kind, prefix)
    return fields


def reachable(types: Declared) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    waiting = [ROOT]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = fields_of(types, name)
        waiting.extend(
            word for kind in found[name].values() for word in WORD.findall(kind) if word not in PLAIN and word != "map"
        )
    return dict(sorted(found.items()))


def main(arguments: list[str]) -> None:
    target = Path(__file__).resolve().parents[2] / "flytetask_nb" / "semantics" / "pod_fields.json"
    lines = [
        f"{json.dumps(name)}: {json.dumps(fields)}"
        for name, fields in reachable(declared([Path(argument) for argument in arguments])).items()
    ]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

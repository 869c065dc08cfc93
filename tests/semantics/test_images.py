"""Image references, by the grammar of Docker's distribution project."""

from __future__ import annotations

import pytest

from flytetask_nb.semantics.images import ImageReference, image_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4

REFERENCES = {
    "python": ("", "python", "", ""),
    "library/python:3.11": ("", "library/python", "3.11", ""),
    "ghcr.io/acme/risk:2.0.0": ("ghcr.io", "acme/risk", "2.0.0", ""),
    "localhost/app": ("localhost", "app", "", ""),
    "registry:5000/team/app:v1": ("registry:5000", "team/app", "v1", ""),
    f"ghcr.io/acme/risk@{DIGEST}": ("ghcr.io", "acme/risk", "", DIGEST),
    f"ghcr.io/acme/risk:1.0@{DIGEST}": ("ghcr.io", "acme/risk", "1.0", DIGEST),
    "[::1]:5000/app": ("[::1]:5000", "app", "", ""),
    "Upper/app": ("Upper", "app", "", ""),
    "a__b/c-_d": None,
    "a__b/c--d.e": ("", "a__b/c--d.e", "", ""),
}


@pytest.mark.parametrize(("text", "parts"), REFERENCES.items())
def test_parts(text: str, parts: tuple[str, str, str, str] | None) -> None:
    assert image_reference(text) == (None if parts is None else ImageReference(*parts))


@pytest.mark.parametrize(
    "text", ["", "UPPER", "a//b", "{{.images.default}}", "a:b:c", "a@sha256:12", "x" * 5_000, "-a"]
)
def test_what_is_none(text: str) -> None:
    assert image_reference(text) is None


def test_name_is_registry_and_repository() -> None:
    reference = image_reference("ghcr.io/acme/risk:2")
    assert reference is not None
    assert reference.name == "ghcr.io/acme/risk"

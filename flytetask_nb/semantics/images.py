"""References to container images, by the grammar of Docker's distribution project."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:(?P<registry>{_HOST})/)?(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_LONGEST = 1_000
"""Characters beyond which no text is tried: the grammar allows 255 in a name and 128 in a tag."""


class ImageReference(NamedTuple):
    """The parts of an image's name. Parts that are not there are empty texts."""

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """Registry and repository: the image without tag and digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository


@lru_cache(maxsize=4096)
def image_reference(text: str) -> ImageReference | None:
    """Split the name of a container image into its parts.

    ``text``: as it stands in a task, e.g. ``"ghcr.io/acme/risk:2.0.0"``.
    Returns ImageReference or None: None where the text is no image reference, such as an unfilled template. A first
      part counts as registry, as Docker decides it, if it has a dot or a port or an uppercase letter or is
      ``localhost``.

    Notes
    -----
    Grammar: ``reference.go`` of github.com/distribution/reference.
    """
    if len(text) > _LONGEST:
        return None
    first, slash, _ = text.partition("/")
    is_registry = bool(slash) and (
        any(char in first for char in ".:") or first == "localhost" or first != first.lower()
    )
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    registry, repository = match["registry"] or "", match["repository"]
    if registry and not is_registry:
        # The pattern takes any first part for a host; Docker takes "library/python" for a repository.
        registry, repository = "", f"{registry}/{repository}"
        if registry != registry.lower():
            return None
    return ImageReference(registry, repository, match["tag"] or "", match["digest"] or "")

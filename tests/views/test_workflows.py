"""Lists of workflows and of launch plans: versions in them are told as they are everywhere."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHIVES = sorted((ROOT / "notebooks" / "example" / "archives").glob("*.tgz"))[:2]


def hashed(source: str) -> str:
    return sha1(source.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("load", [ftn.load_workflows, ftn.load_launch_plans])
def test_hashes_are_shortened_as_git_does(load: Callable[..., Any]) -> None:
    """The whole is in the title."""
    entities = load(ARCHIVES, version=hashed)
    versions = {entity.id.version for entity in entities}
    assert [len(version) for version in versions] == [40, 40]
    with ftn.set_options(max_rows=len(entities)):
        text, html = entities.to_text(), entities.to_html()
    for version in versions:
        assert version[:7] in text
        assert version not in text
        assert f'title="{version}"' in html

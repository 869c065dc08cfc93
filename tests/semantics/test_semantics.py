from __future__ import annotations

import subprocess
import sys

import pytest

from flytetask_nb import semantics


@pytest.mark.parametrize("name", semantics.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Each name in ``__all__`` is loaded when asked for, is listed, and is no module."""
    assert callable(getattr(semantics, name))
    assert name in dir(semantics)


def test_unknown_names_are_attribute_errors() -> None:
    """The module says which name it has not."""
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        semantics.nope  # noqa: B018 - asking is the point


def test_importing_loads_no_rules() -> None:
    """Only asking for a name loads its module."""
    code = (
        "import sys; import flytetask_nb.semantics as s; "
        "assert not [m for m in sys.modules if m.startswith('flytetask_nb.semantics.')]; "
        "assert 'fractions' not in sys.modules; s.Quantity; assert 'flytetask_nb.semantics.quantities' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Texts in which nothing can be a secret, told without looking for one: names, paths, addresses, file names.

Thousands of texts differ from each other and hold nothing; searching each for all forms of secrets takes long. What is
told here is on the safe side: a text of letters, digits and few signs, none of which parts a key from its value, without
a long run of letters and digits, and without the beginnings of tokens that need no such run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.masking.innocence import LEAST_DRAWN, LEAST_LETTERS

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["are_plain", "has_no_shape", "is_plain"]

_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Of these only the colon stands before a value, and none quotes or opens anything.
_HARMLESS = _LETTERS + b"_./-!,@#%*&;?^:\n"
_RUNS = bytes(byte if byte in _LETTERS else ord(" ") for byte in range(256))
_MARKS = tuple(
    # Tokens that may be written without a long run.
    "github_pat GR1348941 xox xapp- ABSK AIza ya29 1//0 GOCSPX eyJ pypi- SG. hvb. hvs. hvr. dckr_ dp. NRAK- NRJS- NRAA- "
    "NRII- NRIQ- NRRA- glsa_ glc_ atlasv1 ATATT3x ATCTT3x pscale_ sb_secret_ sq0 EAAA sntry fm1 fm2 fo1_ tskey- sgp_ HRKU- "
    "A3- duffel_ :AA ops_ _mmk sm_aat_ "
    "sm_pat_ sm_sat_ "
    # Webhooks.
    "hook /bot /with/key/ pagerduty hc-ping".split()
)
_SCHEMES = frozenset({"abfs", "abfss", "az", "file", "gcs", "gs", "http", "https", "memory", "s3"})


def has_no_shape(text: str) -> bool:
    """Tell whether nothing in a text can be a secret by its looks alone (see ``shapes``); False says nothing.

    Parameters
    ----------
    text
        Any text, in as many lines as it likes.
    """
    data = text.encode("utf-8", "surrogatepass")
    if data.translate(None, _HARMLESS):
        return False
    for run in data.translate(_RUNS).split():
        if len(run) >= LEAST_DRAWN and (len(run) >= LEAST_LETTERS or not run.isalpha()):
            return False
    for mark in _MARKS:  # noqa: SIM110 - a generator takes three times as long
        if mark in text:
            return False
    return True


def is_plain(text: str) -> bool:
    """Tell whether nothing in a text can be a secret; False says nothing.

    Parameters
    ----------
    text
        Any text.
    """
    return "\n" not in text and _has_plain_signs(text) and has_no_shape(text)


def are_plain(texts: Collection[str]) -> bool:
    """Tell whether nothing in any of many texts can be a secret, in a fraction of the time of asking for each.

    Parameters
    ----------
    texts
        The texts. False says nothing.
    """
    joined = "\n".join(texts)
    if joined.count("\n") >= max(len(texts), 1) or (":" in joined and not all(map(_has_plain_signs, texts))):
        return False
    return has_no_shape(joined)


def _has_plain_signs(text: str) -> bool:
    """Tell whether a colon in a text is that of an address of a file."""
    scheme, sign, _ = text.partition("://")
    return (scheme in _SCHEMES and text.count(":") == 1 and "@" not in text) if sign else ":" not in text

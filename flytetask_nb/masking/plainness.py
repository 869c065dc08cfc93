"""Texts in which nothing can be a secret, told without looking for one: names, paths, addresses, file names.

Thousands of texts differ from each other and hold nothing; searching each for all forms of secrets takes long. What is
told here is on the safe side: a text of letters, digits and few signs, none of which parts a key from its value, without
a long run of letters and digits, and without the beginnings of tokens that need no such run.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from flytetask_nb.errors import MissingExtraError
from flytetask_nb.extras import pa, pc
from flytetask_nb.masking.innocence import LEAST_DRAWN, LEAST_LETTERS
from flytetask_nb.masking.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Of these only the colon stands before a value, and none quotes or opens anything.
_HARMLESS = _LETTERS + b"_./-!,@#%*&;?^:"
_RUNS = bytes(byte if byte in _LETTERS else ord(" ") for byte in range(256))
_MARKS = tuple(
    # Tokens that may be written without a long run.
    "github_pat GR1348941 xox xapp- ABSK AIza ya29 1//0 GOCSPX eyJ pypi- SG. hvb. hvs. hvr. dckr_ dp. NRAK- NRJS- NRAA- "
    "NRII- NRIQ- NRRA- glsa_ glc_ atlasv1 ATATT3x ATCTT3x pscale_ sb_secret_ sq0 EAAA sntry fm1 fm2 fo1_ tskey- sgp_ HRKU- "
    "A3- duffel_ :AA _mmk sm_aat_ "
    "sm_pat_ sm_sat_ "
    # Webhooks.
    "hook /bot /with/key/ pagerduty hc-ping".split()
)
# With the letters and digits of each: what is not in a text's runs need not be looked for between them.
_MARKS_BY_RUN = tuple((mark, max(re.findall("[A-Za-z0-9]+", mark), key=len)) for mark in _MARKS)
_LOWER_MARKS = tuple(pair for pair in _MARKS_BY_RUN if pair[0] == pair[0].lower())
_SCHEMES = frozenset({"abfs", "abfss", "az", "file", "gcs", "gs", "http", "https", "memory", "s3"})
_MANY = 500
"""Texts from which on reading the pattern takes less than looking at each."""
_SUSPICIOUS = rf"{SHAPES}|[^{re.escape(_HARMLESS.decode())}]"


def has_no_shape(text: str) -> bool:
    """Tell whether nothing in a text can be a secret by its looks alone (see ``shapes``); False says nothing."""
    data = text.encode("utf-8", "surrogatepass")
    return not data.translate(None, _HARMLESS) and next(_suspects(text, data), None) is None


def has_plain_signs(text: str) -> bool:
    """Tell whether nothing but its looks can make anything in a text a secret; False says nothing."""
    return not text.encode("utf-8", "surrogatepass").translate(None, _HARMLESS) and _has_plain_colons(text)


def is_plain(text: str) -> bool:
    """Tell whether nothing in a text can be a secret; False says nothing."""
    return _has_plain_colons(text) and has_no_shape(text)


def doubtful_among(texts: Collection[str]) -> set[str]:
    """Return those of many texts that are not plain, in a fraction of the time of asking for each.

    ``texts``: the texts. In one that is not returned nothing can be a secret.
    """
    suspicious = matching(texts, _SUSPICIOUS)
    if suspicious is None:
        return {text for text in texts if not is_plain(text)}
    return suspicious | {text for text in texts if ":" in text and not _has_plain_colons(text)}


def matching(texts: Collection[str], pattern: str) -> set[str] | None:
    """Return those of many texts in which a pattern is found, by Arrow at once.

    ``texts``: the texts.
    ``pattern``: as RE2 reads it: it knows letters and blanks of ASCII alone.
    Returns set of str, or None: None where they are few, or Arrow cannot do it; then each is to be looked at.
    """
    if len(texts) > _MANY:
        with suppress(MissingExtraError, UnicodeEncodeError):
            array = pa.array(list(texts), pa.large_string())
            return set(array.filter(pc.match_substring_regex(array, pattern)).to_pylist())
    return None


def _suspects(text: str, data: bytes) -> Iterator[str]:
    """Yield what in a text may be of a token; the text is of ASCII, for all other letters are no harmless ones."""
    runs = set(data.translate(_RUNS).split())
    for run in runs:
        if len(run) >= LEAST_DRAWN and (len(run) >= LEAST_LETTERS or not run.isalpha()):
            yield run.decode()
    words = b" ".join(runs).decode()
    for mark, core in _LOWER_MARKS if words.islower() else _MARKS_BY_RUN:
        if core in words and mark in text:
            yield mark


def _has_plain_colons(text: str) -> bool:
    """Tell whether there is no colon but that of an address of a file."""
    scheme, sign, _ = text.partition("://")
    return (scheme in _SCHEMES and text.count(":") == 1 and "@" not in text) if sign else ":" not in text

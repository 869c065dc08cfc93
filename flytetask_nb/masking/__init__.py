"""What counts as a secret, and how it is kept out of every output.

Tasks carry secrets where they should not: in environment variables, labels, plugin settings, command lines and
URLs. Their values stay in the models untouched; whatever is *shown* passes through here first. The rules are this
package's own policy: a key is judged by its words (``keys``), a value by what it is (``innocence``), a text by the
entries (``entries``), statements (``statements``), addresses (``addresses``), commands (``tools``) and tokens
(``shapes``) in it. Most texts hold none of these, which shows at a glance (``plainness``).
"""

from __future__ import annotations

from flytetask_nb.masking.keys import is_secret_key, telling_key
from flytetask_nb.masking.plainness import doubtful_among
from flytetask_nb.masking.shapes import LONG_RUN
from flytetask_nb.masking.texts import (
    IDENTIFIERS,
    MASK,
    mask_any,
    mask_arguments,
    mask_field,
    mask_identifier,
    mask_text,
    mask_urls,
    mask_value,
    masked,
)
from flytetask_nb.masking.tools import COMMANDS

__all__ = [
    "COMMANDS",
    "IDENTIFIERS",
    "LONG_RUN",
    "MASK",
    "doubtful_among",
    "is_secret_key",
    "mask_any",
    "mask_arguments",
    "mask_field",
    "mask_identifier",
    "mask_text",
    "mask_urls",
    "mask_value",
    "masked",
    "telling_key",
]

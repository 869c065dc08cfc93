"""Tokens in the keyring of this machine, under the names that flytekit gives them.

Who is logged in with flytekit or ``pyflyte`` is logged in here, and the other way round
(``flytekit/clients/auth/keyring.py``). A machine without a keyring remembers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flytetask_nb.extras import keyring

ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of an entry
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - likewise


@dataclass(frozen=True)
class Tokens:
    """What a login gives. Its repr shows none of it.

    ``access``: what is sent with each call.
    ``refresh``: what a new access token can be had with.
    """

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)


def token_problem(text: str) -> str:
    """Return why a text can be no token, for a sentence that does not show it; empty where it can be one."""
    if not text:
        return "is empty"
    if text[0] in "{[":
        return "is JSON, and the token is a part of it"
    if len(text.split()) > 1:
        return "holds blanks or line breaks"
    # What a header may hold: anything else ends in gRPC, which shows it.
    return "" if text.isascii() and text.isprintable() else "holds characters that no header can carry"


def kept(endpoint: str) -> Tokens | None:
    """Return the tokens that were kept for an endpoint; None where there are none."""
    try:
        access = keyring.get_password(endpoint, ACCESS_TOKEN)
        refresh = keyring.get_password(endpoint, REFRESH_TOKEN)
    except Exception:  # noqa: BLE001 - every backend fails in its own way, and none of them is needed
        return None
    return Tokens(access, refresh) if access else None


def keep(endpoint: str, tokens: Tokens) -> None:
    """Keep the tokens of a login for an endpoint, where this machine can."""
    try:
        if tokens.refresh:
            keyring.set_password(endpoint, REFRESH_TOKEN, tokens.refresh)
        keyring.set_password(endpoint, ACCESS_TOKEN, tokens.access)
    except Exception:  # noqa: BLE001 - without a keyring the login holds for this session
        return

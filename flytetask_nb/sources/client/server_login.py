"""What a server says of how to log in, and what is said where nobody can."""

from __future__ import annotations

from typing import NamedTuple

from flytetask_nb.errors import AuthenticationError

DEFAULT_HEADER = "authorization"


class ServerLogin(NamedTuple):
    """What a server says of how to log in.

    ``token_endpoint``, ``authorization_endpoint``, ``device_endpoint``: where tokens are had, where a person logs in,
      where a device asks for a code; empty where there is none.
    ``client_id``, ``redirect_uri``, ``audience``: what OAuth is told.
    ``scopes``: likewise.
    ``header``: the metadata key that the token goes under.
    """

    token_endpoint: str = ""
    authorization_endpoint: str = ""
    device_endpoint: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    audience: str = ""
    scopes: tuple[str, ...] = ()
    header: str = DEFAULT_HEADER


def login_failure(problem: str, remedy: str, endpoint: str = "", code: str = "UNAUTHENTICATED") -> AuthenticationError:
    """Return what is raised where no token can be had."""
    text = f"{endpoint}: {problem}; {remedy}" if endpoint else f"{problem}; {remedy}"
    return AuthenticationError(text, code=code, endpoint=endpoint, remedy=remedy)

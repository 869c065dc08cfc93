"""What a server says of how to log in."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_HEADER = "authorization"


class ServerLogin(NamedTuple):
    """What a server says of how to log in.

    Attributes
    ----------
    token_endpoint, authorization_endpoint, device_endpoint : str
        Where tokens are had, where a person logs in, where a device asks for a code; empty where there is none.
    client_id, redirect_uri, audience : str
        What OAuth is told.
    scopes : tuple of str
        Likewise.
    header : str
        The metadata key that the token goes under.
    """

    token_endpoint: str = ""
    authorization_endpoint: str = ""
    device_endpoint: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    audience: str = ""
    scopes: tuple[str, ...] = ()
    header: str = DEFAULT_HEADER

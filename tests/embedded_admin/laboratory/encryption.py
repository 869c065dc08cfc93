"""Certificates for servers on loopback."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import NamedTuple

import grpc


class KeyPair(NamedTuple):
    """A private key with its certificates, in PEM."""

    key: bytes
    chain: bytes

    def credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC encrypts with."""
        return grpc.ssl_server_credentials([(self.key, self.chain)])

    def context(self) -> ssl.SSLContext:
        """Return what Python's own HTTP server encrypts with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Python reads keys from files only; the folder is its owner's, and gone at once.
        with tempfile.TemporaryDirectory() as folder:
            chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
            chain.write_bytes(self.chain)
            key.write_bytes(self.key)
            context.load_cert_chain(str(chain), str(key))
        return context

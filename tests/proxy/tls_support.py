"""Certificates for a proxy, and clients that speak TLS."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.runtime.authority import Authority
from orchestrator.runtime.certificates import Certificates, names_of
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import PATIENCE_S, RawClient


@dataclass(frozen=True)
class Secured:
    """A proxy, and what its clients trust."""

    proxy: Proxy
    authority: Authority
    certificates: Certificates

    @classmethod
    def before(cls, proxy: Proxy) -> "Secured":
        """With an authority of its own."""
        authority = Authority(proxy.run_dir.parent)
        return cls(proxy, authority, Certificates(authority, proxy.run_dir.parent / "tls"))

    def certificate(self, *services: str, now: float | None = None) -> str:
        """The file of a certificate for `web` and other services."""
        names = names_of(("web", *services))
        return str(self.certificates.file_for(names, time.time() if now is None else now))

    @property
    def authority_file(self) -> Path:
        """What clients trust."""
        return self.authority.certificate_file

    def context(self) -> ssl.SSLContext:
        """That of a client that trusts nobody but the authority."""
        return ssl.create_default_context(cafile=str(self.authority_file))

    @contextlib.asynccontextmanager
    async def client(self, name: str = "web.localhost") -> AsyncIterator[RawClient]:
        """A connection whose certificate is checked for `name`."""
        async with asyncio.timeout(PATIENCE_S):
            streams = await asyncio.open_connection(
                "127.0.0.1", self.proxy.port, ssl=self.context(), server_hostname=name
            )
        client = RawClient(*streams)
        try:
            yield client
        finally:
            client.writer.transport.abort()

"""What a line of the access log says, in JSON or as Apache and nginx have it.

Of a request that is over the facts are noted, and lines made of many at a time: what does that is
in the processor's caches then: 1.5 % less of the CPU of a request. A line is put
together from pieces that are there already, and joined only when it is written. The exchange is
not kept for it, since memory that is used again at once is in the caches, too.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Final

from orchestrator.proxy.decimals import Number
from orchestrator.proxy.log_words import (
    ASKED_COMBINED,
    ASKED_JSON,
    REQUEST_ID,
    SAID_COMBINED,
    SAID_JSON,
    combined_opening,
    json_opening,
    way,
)
from orchestrator.proxy.request_ids import PREFIX

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.request_head import RequestHead

BATCH: Final = 128
"""Lines that are written together at most."""

_STATUS_COMBINED: Final = [b"%d " % status for status in range(600)]
_STATUS_JSON: Final = [b"%d" % status for status in range(600)]
_BODY_BYTES: Final = Number()
_BYTES_IN: Final = Number(b',"bytes_in":')
_BYTES_OUT: Final = Number(b',"bytes_out":')
_DURATION: Final = Number(b',"duration_ms":')


class Entry:
    """What is known of a request that is over. Written to again and again."""

    __slots__ = (
        "body_bytes", "bytes_in", "bytes_out", "now", "peer", "request", "span", "status",
        "took_s", "way",
    )  # fmt: skip

    def __init__(self) -> None:
        self.now = self.took_s = 0.0
        self.peer = ""
        self.request: RequestHead | None = None  # once it is in a line
        self.span = self.way = b""
        self.status = self.bytes_in = self.bytes_out = self.body_bytes = 0


class AccessLog(ABC):
    """Lines of one format on their way to `append`, which takes many at a time."""

    moments_a_second: int
    """That it tells apart."""

    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append
        self._entries = [Entry() for _ in range(BATCH)]
        self._count = 0

    def note(
        self, exchange: "Exchange", backend: "Backend | None", took_s: float, now: float
    ) -> None:
        """A request is over at `now`, in seconds of `perf_counter`. `backend` answered it over a
        connection that was there; None: anything else."""
        entry = self._entries[self._count]
        entry.now, entry.took_s = now, took_s
        entry.peer = exchange.client.peer
        entry.request, entry.span = exchange.request, exchange.span
        entry.status = exchange.status
        entry.bytes_in, entry.bytes_out = exchange.bytes_in, exchange.bytes_out
        entry.body_bytes = exchange.bytes_out - exchange.head_bytes
        entry.way = _detour(exchange) if backend is None else backend.straight_way
        self._count += 1
        if self._count == BATCH:
            self.flush()

    def flush(self) -> None:
        """Have all lines written."""
        count, self._count = self._count, 0
        if count:
            self._append(self._lines(self._entries[:count]))

    def _lines(self, entries: list[Entry]) -> bytes:
        pieces: list[bytes] = []
        ahead = time.time() - time.perf_counter()  # The epoch's time, of that of entries.
        opening, peer, until = b"", "", -inf
        for entry in entries:
            # Most have the client and the moment of the last: said once, 0.7 % less of the CPU.
            if entry.now >= until or entry.peer != peer:
                peer, moment = entry.peer, int((entry.now + ahead) * self.moments_a_second)
                until = (moment + 1) / self.moments_a_second - ahead
                opening = self._opening(peer, moment)
            request, entry.request = entry.request, None
            if request is not None:
                pieces.append(opening)
                self._add_line(pieces, entry, request)
        return b"".join(pieces)

    @abstractmethod
    def _opening(self, peer: str, moment: int) -> bytes:
        """How lines of a client begin, at a moment of the epoch."""

    @abstractmethod
    def _add_line(self, pieces: list[bytes], entry: Entry, request: "RequestHead") -> None:
        """Add the pieces of a line, after the opening."""


class CombinedLog(AccessLog):
    """The bytes are those of the body."""

    moments_a_second = 1

    def _opening(self, peer: str, moment: int) -> bytes:
        return combined_opening(peer, moment)

    def _add_line(self, pieces: list[bytes], entry: Entry, request: "RequestHead") -> None:
        pieces.append(ASKED_COMBINED.of(request.line))
        pieces.append(_STATUS_COMBINED[entry.status])
        _BODY_BYTES.add_to(pieces, entry.body_bytes)
        pieces.append(SAID_COMBINED.of(request.headers.lines))


class JsonLog(AccessLog):
    """The bytes are all of the request and its answer. What a request did not have is left out: up
    to a third of a line. With files that stay open between sweeps, that takes 1.3 to 1.6% less of
    the CPU of a request."""

    moments_a_second = 1000

    def _opening(self, peer: str, moment: int) -> bytes:
        return json_opening(peer, moment)

    def _add_line(self, pieces: list[bytes], entry: Entry, request: "RequestHead") -> None:
        pieces.append(ASKED_JSON.of(request.line))
        pieces.append(_STATUS_JSON[entry.status])
        _BYTES_IN.add_to(pieces, entry.bytes_in)
        _BYTES_OUT.add_to(pieces, entry.bytes_out)
        _DURATION.add_thousandth_to(pieces, int(entry.took_s * 1e6 + 0.5))
        if not entry.span:  # What could not be read has no id, and said nothing.
            pieces.append(entry.way.removesuffix(REQUEST_ID))
            pieces.append(b"}\n")
            return
        pieces.append(entry.way)
        if request.headers.request_id:
            pieces.append(request.headers.request_id)
        else:
            pieces.append(PREFIX)
            pieces.append(entry.span)
        pieces.append(SAID_JSON.of(request.headers.lines))


def _detour(exchange: "Exchange") -> bytes:
    """With the last replica that was to answer, if one was."""
    backend = getattr(exchange, "backend", None)
    label = "" if backend is None else backend.endpoint.label
    return way(label, exchange.connect_s, exchange.queued_s, exchange.retries)


FORMATS: Final[dict[str, type[AccessLog]]] = {"combined": CombinedLog, "json": JsonLog}
"""As a listener names them."""

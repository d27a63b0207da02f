"""Parts of a line of the access log, and what stands around them.

Control characters, quotes and all beyond ASCII are escaped. Programs ask for the same again and
again: what repeats is put into words once. A look-up takes 0.02 µs, where a target takes 0.3 µs and
a browser's header lines 1.2 to 1.6 µs.
"""

import re
import time
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

_NOTED: Final = re.compile(r"\r\n([UuRr])(?i:ser-agent|eferer):[\t ]*+([^\r]*+)").findall
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_UNSAFE: Final = re.compile(r"[^ !#-\[\]-~]")

_KEPT: Final = 256
_LONGEST_KEPT: Final = 2048  # bytes

REQUEST_ID: Final = b',"request_id":"'


class Memo:
    """What `words` makes of a key, in bytes; kept unless the key is long.

    A `dict` with `__missing__` is looked up through Python, at 0.03 µs more.
    """

    def __init__(self, words: Callable[[bytes], str]) -> None:
        self._words = words
        self.kept: dict[bytes, bytes] = {}

    def of(self, key: bytes) -> bytes:
        """In words."""
        said = self.kept.get(key)
        return self._learnt(key) if said is None else said

    def _learnt(self, key: bytes) -> bytes:
        said = self._words(key).encode("ascii")
        if len(key) <= _LONGEST_KEPT:
            if len(self.kept) >= _KEPT:
                self.kept.clear()
            self.kept[key] = said
        return said


def _asked_json(line: bytes) -> str:
    method, target, protocol = line.decode("ascii", "backslashreplace").split(" ")
    return f'","method":"{method}","target":{quoted(target)},"protocol":"{protocol}","status":'


def _asked_combined(line: bytes) -> str:
    return f'"{_escaped(line.decode("ascii", "backslashreplace"))}" '


def _said_json(head: bytes) -> str:
    agent, referer = _noted(head)
    said = f',"user_agent":{quoted(agent)}' if agent else ""
    if referer:
        said += f',"referer":{quoted(referer)}'
    return f'"{said}}}\n'


def _said_combined(head: bytes) -> str:
    agent, referer = _noted(head)
    return f' "{_escaped(referer or "-")}" "{_escaped(agent or "-")}"\n'


def _noted(head: bytes) -> tuple[str, str]:
    """User-Agent and Referer, "" for what was not sent."""
    agent = referer = ""
    for initial, value in _NOTED(head.decode("utf-8", "backslashreplace")):
        if initial in "Uu":
            agent = value
        else:
            referer = value
    return agent, referer


def way(label: str, connect_s: float = 0.0, queued_s: float = 0.0, retries: int = 0) -> bytes:
    """How a request got to a replica, in JSON, up to its id; label "": to none."""
    said = f',"replica":{quoted(label) if label else "null"}'
    if connect_s:
        said += f',"upstream_connect_ms":{connect_s * 1000:.3f}'
    if queued_s:
        said += f',"queue_ms":{queued_s * 1000:.3f}'
    if retries:
        said += f',"retries":{retries}'
    return said.encode("ascii") + REQUEST_ID


def _escaped(text: str) -> str:
    """As nginx: `"`, `\\` and all but printable ASCII as `\\xXX` for each byte."""
    return _UNSAFE.sub(_hex, text)


def _hex(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02X}" for byte in found[0].encode("utf-8"))


def json_opening(peer: str, milliseconds: int) -> bytes:
    """A moment of the epoch in ISO 8601, UTC, and the client's address."""
    second, rest = divmod(milliseconds, 1000)
    return b'{"time":"%b.%03dZ","client":"%b' % (_iso(second), rest, peer.encode("ascii"))


@lru_cache(maxsize=1)
def _iso(second: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode("ascii")


def combined_opening(peer: str, second: int) -> bytes:
    """The client's address, and a moment of the epoch as Apache has it, UTC."""
    return b"%b - - [%b] " % (peer.encode("ascii"), _common(second))


@lru_cache(maxsize=1)
def _common(second: int) -> bytes:
    moment = time.gmtime(second)
    month = _MONTHS[moment.tm_mon - 1]  # Not %b, which a locale may change.
    return time.strftime(f"%d/{month}/%Y:%H:%M:%S +0000", moment).encode("ascii")


ASKED_JSON: Final = Memo(_asked_json)
ASKED_COMBINED: Final = Memo(_asked_combined)
"""Of a request line."""
SAID_JSON: Final = Memo(_said_json)
SAID_COMBINED: Final = Memo(_said_combined)
"""Of header lines: User-Agent and Referer, and the end of the line."""

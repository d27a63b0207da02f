"""A list to page through.

The cursor carries the position itself, so any replica can serve the next page of a list that
another one began: the reason why a service that pages like this scales out.
"""

import base64
import binascii
import re

from .parsing import Problem

COUNT = 1000
ITEMS = [{"id": number, "name": f"item-{number:04}"} for number in range(1, COUNT + 1)]


def page(limit: int, cursor: str | None) -> dict[str, object]:
    """The items after the cursor, at most `limit`, and the cursor of the next page or None."""
    start = decode(cursor) if cursor else 0
    end = min(start + limit, COUNT)
    return {"items": ITEMS[start:end], "next_cursor": encode(end) if end < COUNT else None}


def encode(position: int) -> str:
    """An opaque cursor for the items after `position`."""
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    """The position in a cursor that `encode` made; raises `Problem` 400 for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        text = ""
    found = re.fullmatch(r"after:(0|[1-9][0-9]{0,5})", text)
    if found is None or int(found[1]) > COUNT or encode(int(found[1])) != cursor:
        raise Problem(400, f"cursor={cursor[:40]!r}: take it from next_cursor of the page before")
    return int(found[1])

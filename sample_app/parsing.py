"""Values that come from outside as text: numbers and flags within bounds."""

WORDS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


class Problem(Exception):
    """A request that cannot be served; answered as application/problem+json (RFC 9457)."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def whole_number(name: str, text: str, lowest: int, highest: int) -> int:
    """`text` as a number within the bounds; raises `Problem` 400 that names `name`."""
    plain = text.isascii() and text.isdigit() and len(text) < 10
    if not plain or not lowest <= int(text) <= highest:
        expected = f"expected a whole number from {lowest} to {highest}"
        raise Problem(400, f"{name}={text[:40]!r}: {expected}")
    return int(text)


def flag(name: str, text: str) -> bool:
    """`text` as on or off; raises `Problem` 400 that names `name`."""
    if text.lower() not in WORDS:
        raise Problem(400, f"{name}={text[:40]!r}: expected true or false")
    return WORDS[text.lower()]

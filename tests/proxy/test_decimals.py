"""Numbers in digits, as `%d` and `%.3f` write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.decimals import Number


def written(number: int, text: bytes = b"") -> bytes:
    pieces: list[bytes] = []
    Number(text).add_to(pieces, number)
    return b"".join(pieces)


@pytest.mark.parametrize("number", [0, 7, 99, 999, 1000, 1001, 12_034, 999_999, 1_000_000, 2**63])
def test_whole_numbers(number: int) -> None:
    assert written(number) == b"%d" % number
    assert written(number, b',"n":') == b',"n":%d' % number


@given(st.integers(min_value=0, max_value=10**10))
def test_thousandths(number: int) -> None:
    pieces: list[bytes] = []
    Number(b"=").add_thousandth_to(pieces, number)
    assert b"".join(pieces) == b"=%d.%03d" % divmod(number, 1000)

"""Frames and lines put together again, wherever they were cut; the engine's own demuxing."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.output import MAX_LINE, Frames, Lines
from tests.engines.contract.bench import Bench, ended, python

BOTH = """
import sys
for n in range(3):
    print("out", n, flush=True)
    print("err", n, file=sys.stderr, flush=True)
"""


def framed(stream: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(payload)) + payload


@given(
    payloads=st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=8),
    cuts=st.lists(st.integers(1, 50), min_size=1),
)
def test_frames_cut_anywhere_give_each_stream_whole(
    payloads: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    data = b"".join(framed(stream, payload) for stream, payload in payloads)
    frames, found, turn = Frames(), {"stdout": b"", "stderr": b""}, 0
    while data:
        size = cuts[turn % len(cuts)]
        chunk, data, turn = data[:size], data[size:], turn + 1
        for stream, payload in frames.feed(chunk):
            found[stream] += payload
    for number, name in ((1, "stdout"), (2, "stderr")):
        assert found[name] == b"".join(part for stream, part in payloads if stream == number)


@given(text=st.text(alphabet="ab\né€", max_size=60), cuts=st.lists(st.integers(1, 7), min_size=1))
def test_lines_cut_anywhere_are_whole(text: str, cuts: list[int]) -> None:
    data, lines, turn = text.encode(), Lines(), 0
    found: list[tuple[str, str]] = []
    while data:
        size = cuts[turn % len(cuts)]
        found += lines.feed("stdout", data[:size])
        data, turn = data[size:], turn + 1
    found += lines.rest()
    expected = text.split("\n")
    if not expected[-1]:
        expected.pop()
    assert [line for _, line in found] == expected


def test_an_endless_line_comes_in_pieces() -> None:
    lines = Lines()
    found = [line for _ in range(5) for line in lines.feed("stdout", b"x" * MAX_LINE)]
    assert len(found) >= 4
    assert {len(text) for _, text in found} == {MAX_LINE}


@pytest.mark.docker
async def test_the_streams_are_told_apart(bench: Bench, engine: DockerEngine) -> None:
    replica = await engine.start(bench.launch(1, python(BOTH)))
    await ended(engine, replica.id)
    found = [(line.stream, line.text) async for line in engine.logs(replica)]
    assert [text for stream, text in found if stream == "stdout"] == ["out 0", "out 1", "out 2"]
    assert [text for stream, text in found if stream == "stderr"] == ["err 0", "err 1", "err 2"]


@pytest.mark.docker
async def test_a_line_longer_than_the_engine_keeps_together_is_one(
    bench: Bench, engine: DockerEngine
) -> None:
    """Its log files hold pieces of 16 KiB."""
    replica = await engine.start(bench.launch(1, python("print('y' * 50_000)")))
    await ended(engine, replica.id)
    assert [len(line.text) async for line in engine.logs(replica)] == [50_000]

"""The control channel: whole messages, in order, with their sockets; garbage ends it."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestrator.proxy.channel import Channel, Message, received_socket
from tests.support.wait import eventually_async


class End:
    """One end of a channel, and what it heard."""

    def __init__(self, sock: socket.socket) -> None:
        self.messages: list[Message] = []
        self.fds: list[list[int]] = []
        self.closed = 0
        self.channel = Channel(sock, self._received, self._lost)

    def _received(self, message: Message, fds: list[int]) -> None:
        self.messages.append(message)
        self.fds.append(fds)

    def _lost(self) -> None:
        self.closed += 1


@contextmanager
def pair() -> Iterator[tuple[End, End]]:
    ends = tuple(map(End, socket.socketpair()))
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            end.channel.close()


async def test_large_and_small_messages_arrive_in_order() -> None:
    with pair() as (here, there):
        sent: list[Message] = [{"n": n, "text": "ü" * (n % 3) * 500_000} for n in range(9)]
        for message in sent:
            here.channel.send(message)
        await eventually_async(lambda: len(there.messages) == 9)
        assert there.messages == sent


async def test_sockets_travel_with_their_messages() -> None:
    with pair() as (here, there):
        files = [os.memfd_create(f"file-{n}") for n in range(20)]
        for n, fd in enumerate(files):
            os.write(fd, b"%d" % n)
            here.channel.send({"n": n, "padding": "x" * 100_000 * (n % 2)}, fd)
            here.channel.send({"n": n})
            os.close(fd)
        await eventually_async(lambda: len(there.messages) == 40)
        for message, fds in zip(there.messages, there.fds, strict=True):
            for fd in fds:
                assert os.pread(fd, 9, 0) == b"%d" % message["n"]
                assert not os.get_inheritable(fd)
                os.close(fd)
        assert [len(fds) for fds in there.fds] == [1, 0] * 20


async def test_a_received_listening_socket_blocks_nobody() -> None:
    with socket.socket() as listening:
        listening.setblocking(False)
        with received_socket([os.dup(listening.fileno())]) as received, received.dup():
            assert not os.get_blocking(listening.fileno())
    with pytest.raises(ValueError, match="one descriptor"):
        received_socket([])


async def test_either_end_notices_the_other_s_end_once() -> None:
    with pair() as (here, there):
        here.channel.send({"last": "words"})
        here.channel.close()
        await eventually_async(lambda: there.closed)
        assert (here.closed, there.closed, there.messages) == (0, 1, [{"last": "words"}])
        there.channel.send({"to": "nobody"})


@pytest.mark.parametrize("garbage", [b"nonsense\n", b"[1]\n", b"\xff\xfe\n", b"3\n"])
async def test_garbage_ends_it(garbage: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        end = End(theirs)
        await asyncio.get_running_loop().sock_sendall(_non_blocking(ours), garbage)
        await eventually_async(lambda: end.closed)
        assert end.messages == []


def _non_blocking(sock: socket.socket) -> socket.socket:
    sock.setblocking(False)
    return sock

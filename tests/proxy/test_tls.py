"""TLS at a listener: what the client sees of it, and what replicas hear."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from orchestrator.model.snapshot import Limits, Snapshot
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient, get
from tests.proxy.replicas import Connection, Replica, answer_with_name, echo, response
from tests.proxy.tcp_support import plane_before
from tests.proxy.tls_support import Secured
from tests.support.ports import free_port
from tests.support.wait import eventually_async

DAY_S = 86_400


@pytest.fixture
async def secured(proxy: Proxy) -> Secured:
    """A proxy with one replica that echoes, behind TLS."""
    one = Secured.before(proxy)
    await proxy.serve(echo, certificate=one.certificate())
    return one


def serial(client: RawClient) -> object:
    """Of the certificate that a client was shown."""
    return client.writer.get_extra_info("peercert")["serialNumber"]


@contextlib.contextmanager
def plain_socket(port: int) -> Iterator[socket.socket]:
    """A connection without TLS; every call has a deadline."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        yield sock


@pytest.mark.parametrize("name", ["web.localhost", "localhost", "127.0.0.1"])
async def test_the_certificate_is_for_the_service_and_for_this_machine(
    secured: Secured, name: str
) -> None:
    async with secured.client(name) as client:
        assert (await client.get()).status == 200


async def test_another_name_is_not_taken_for_it(secured: Secured) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        async with secured.client("shop.localhost"):
            pass


async def test_a_usual_client_needs_only_the_authority(secured: Secured) -> None:
    async with httpx.AsyncClient(verify=secured.context()) as client:
        answer = await client.post(f"https://localhost:{secured.proxy.port}/a", content=b"hello")
    assert (answer.status_code, answer.headers["x-replica"]) == (200, "web-1")
    assert answer.text.endswith("hello")


async def test_replicas_hear_https(secured: Secured) -> None:
    async with secured.client() as client:
        heads = [(await client.get()).body.decode() for _ in range(2)]
    for head in heads:
        assert "X-Forwarded-Proto: https\r\n" in head
        assert ";proto=https;" in head


async def test_http_and_https_before_one_replica_are_told_apart(secured: Secured) -> None:
    """Also where each repeats its head, which is not read again then."""
    proxy = secured.proxy
    (listener,) = proxy.snapshot(*proxy.replicas, certificate=secured.certificate()).listeners
    (plain,) = proxy.snapshot(*proxy.replicas).listeners
    proxy.port = free_port()
    (beside,) = proxy.snapshot(*proxy.replicas).listeners
    await proxy.supervisor.publish(Snapshot(2, (listener, beside)))
    async with await proxy.client() as http:
        proxy.port = plain.port
        async with secured.client() as https:
            for _ in range(3):
                assert b"proto=http;" in (await http.get()).body
                assert b"proto=https;" in (await https.get()).body


async def test_only_http_1_1_is_negotiated(secured: Secured) -> None:
    context = secured.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        plain_socket(secured.proxy.port) as sock,
        await asyncio.to_thread(context.wrap_socket, sock, server_hostname="localhost") as client,
    ):
        assert client.selected_alpn_protocol() == "http/1.1"
        assert client.version() == "TLSv1.3"


async def test_old_versions_of_tls_are_refused(secured: Secured) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with plain_socket(secured.proxy.port) as sock, pytest.raises(ssl.SSLEOFError):
        await asyncio.to_thread(context.wrap_socket, sock)


async def test_the_target_may_name_the_scheme(secured: Secured) -> None:
    async with secured.client() as client:
        await client.send(b"GET https://shop.test/a HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        assert (await client.response()).body.startswith(b"GET /a HTTP/1.1\r\n")
        await client.send(b"GET http://shop.test/a HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        assert (await client.response()).status == 400


# --- the handshake


async def test_plain_http_is_told_to_speak_tls(secured: Secured) -> None:
    refusal = await get(secured.proxy.port)
    assert (refusal.status, refusal.header("connection")) == (400, "close")
    assert b"https" in refusal.body


async def test_what_is_no_handshake_ends_the_connection(secured: Secured) -> None:
    async with await secured.proxy.client() as client:
        await client.send(b"\x00\x01\x02\x03\x04\x05\x06\x07 is no record of TLS\r\n\r\n")
        assert not (await client.rest()).startswith(b"HTTP/")


async def test_a_silent_handshake_counts_as_a_connection(proxy: Proxy) -> None:
    """So there is a bound to them; who has shaken hands is served beside them."""
    secured = Secured.before(proxy)
    limits = Limits(max_connections=1)
    await proxy.serve(answer_with_name, certificate=secured.certificate(), limits=limits)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(plain_socket(proxy.port)) for _ in range(20)]
        async with secured.client() as client:
            assert (await client.get()).body == b"web-1"
            async with secured.client() as other:
                turned_away = await other.response()
        assert (turned_away.status, turned_away.header("connection")) == (503, "close")
        assert all(is_open(sock) for sock in silent)


def is_open(sock: socket.socket) -> bool:
    """Whether nothing, not even an end, has come."""
    sock.setblocking(False)
    try:
        sock.recv(1)
    except BlockingIOError:
        return True
    return False


# --- how certificates come and go


async def test_a_renewed_certificate_is_for_new_connections(proxy: Proxy) -> None:
    secured = Secured.before(proxy)
    await proxy.serve(echo, certificate=secured.certificate(now=time.time() - 380 * DAY_S))
    async with secured.client() as before:
        assert (await before.get()).status == 200
        await proxy.route(certificate=secured.certificate())
        assert (await before.get()).status == 200
        async with secured.client() as after:
            assert (await after.get()).status == 200
            assert serial(after) != serial(before)
        assert (await before.get()).status == 200
    assert proxy.replicas[0].connections <= 2


async def test_a_certificate_that_is_no_file_changes_nothing(proxy: Proxy) -> None:
    certificate = Secured.before(proxy).certificate()
    async with plane_before(Replica("web-1"), protocol="http", certificate=certificate) as plane:
        missing = replace(plane.listener, certificate=f"{proxy.run_dir}/missing.pem", port=1)
        plane.plane.add_socket(missing.address, open_listener(replace(missing, port=0)))
        with pytest.raises(LookupError, match=r"certificate .*missing\.pem"):
            plane.plane.apply(Snapshot(2, (plane.listener, missing)))
        assert plane.plane.version == 1
        refusal = await get(plane.listener.port)
        assert refusal.status == 400


async def test_tls_can_come_and_go(secured: Secured) -> None:
    proxy = secured.proxy
    async with secured.client() as https:
        await proxy.route()
        assert (await get(proxy.port)).status == 200
        assert b"proto=https;" in (await https.get()).body
    await proxy.route(certificate=secured.certificate())
    assert (await get(proxy.port)).status == 400


# --- the end of a listener


async def test_an_idle_connection_ends_with_a_good_bye(secured: Secured) -> None:
    proxy = secured.proxy
    async with secured.client() as client:
        assert (await client.get()).status == 200
        await proxy.supervisor.publish(Snapshot(proxy.version + 1))
        assert await client.rest() == b""


async def test_a_response_on_its_way_is_finished_first(proxy: Proxy) -> None:
    secured, go_on = Secured.before(proxy), asyncio.Event()

    async def slow(connection: Connection) -> None:
        await connection.head()
        await go_on.wait()
        await connection.send(response(b"done"))

    replica = await proxy.serve(slow, certificate=secured.certificate())
    async with secured.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually_async(lambda: replica.heads)
        await proxy.supervisor.publish(Snapshot(proxy.version + 1))
        go_on.set()
        last = await client.response()
        assert (last.body, last.header("connection")) == (b"done", "close")
        assert await client.rest() == b""

"""What the client makes of controllers that answer badly, late or not at all."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from orchestrator.cli.client import ApiError, Client
from orchestrator.cli.exits import NoControllerError, WaitTimeoutError
from tests.support.ports import free_port


@contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """Takes one connection and answers so, or never; its URL."""
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            if answer is None:
                done.wait(30)
            else:
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def http(status: str, body: str, kind: str = "application/problem+json") -> bytes:
    """A whole answer."""
    length = len(body.encode())
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()


def test_nobody_listens() -> None:
    """As good as no controller."""
    with closing(Client(f"http://127.0.0.1:{free_port()}")) as client:
        with pytest.raises(NoControllerError, match="no controller answers") as caught:
            client.get("/v1/info")
        assert caught.value.remedy == "start it with: orch up"


def test_an_answer_that_does_not_come() -> None:
    """A time-out of ours, not a hang."""
    with (
        server(None) as url,
        closing(Client(url, timeout_s=0.2)) as client,
        pytest.raises(WaitTimeoutError, match="does not answer in time"),
    ):
        client.get("/v1/info")


def test_a_problem() -> None:
    """Its detail and remedy are the error's."""
    body = '{"title": "Conflict", "status": 409, "detail": "stale", "remedy": "plan again"}'
    with server(http("409 Conflict", body)) as url, closing(Client(url)) as client:
        with pytest.raises(ApiError, match="stale") as caught:
            client.post("/v1/apply", {})
        assert (caught.value.status, caught.value.remedy) == (409, "plan again")


@pytest.mark.parametrize("body", ["", "<h1>oops</h1>", "[]", '{"detail": 1}'])
def test_an_error_that_is_no_problem(body: str) -> None:
    """Told by its status at least."""
    with server(http("500 Internal", body)) as url, closing(Client(url)) as client:
        with pytest.raises(ApiError) as caught:
            client.get("/v1/info")
        assert caught.value.status == 500


def test_no_http_at_all() -> None:
    """Someone else's port."""
    with (
        server(b"220 mail ready\r\n") as url,
        closing(Client(url)) as client,
        pytest.raises(ApiError, match="went away"),
    ):
        client.get("/v1/info")


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot know our 127.0.0.1."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    answer = http("200 OK", '{"status": "ok"}', "application/json")
    with server(answer) as url, closing(Client(url)) as client:
        assert client.get("/healthz") == {"status": "ok"}

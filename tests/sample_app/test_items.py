"""Cursor pagination: complete, without repetition, on any replica."""

import base64

import httpx
import pytest

from .conftest import Start


def test_paging_visits_every_item_once_though_replicas_take_turns(start: Start) -> None:
    replicas = [start().client, start().client]
    seen: list[int] = []
    cursor = ""
    for turn in range(1000):
        params: dict[str, str | int] = {"limit": 97} | ({"cursor": cursor} if cursor else {})
        answer = replicas[turn % 2].get("/items", params=params).json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(1, 1001))


def test_default_page(client: httpx.Client) -> None:
    answer = client.get("/items").json()
    assert len(answer["items"]) == 20
    assert answer["items"][0] == {"id": 1, "name": "item-0001"}


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "!!!!",
        "é",
        base64.urlsafe_b64encode(b"after:1001").decode(),
        base64.urlsafe_b64encode(b"after:-1").decode().rstrip("="),
        base64.urlsafe_b64encode(b"before:20").decode().rstrip("="),
    ],
)
def test_a_cursor_from_elsewhere_is_refused(client: httpx.Client, cursor: str) -> None:
    answer = client.get("/items", params={"cursor": cursor})
    assert answer.status_code == 400
    assert "next_cursor" in answer.json()["detail"]

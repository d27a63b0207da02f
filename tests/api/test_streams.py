"""Endless answers: what happened before, then what happens, and an end when the reader leaves."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.api.streams import log_stream
from tests.api.conftest import Api, answering
from tests.support.rig import settle
from tests.support.wait import eventually_async


async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, whose ids are their serials."""
    async for line in lines:
        if line.startswith("id: "):
            data = await anext(lines)
            event = json.loads(data.removeprefix("data: "))
            assert line == f"id: {event['serial']}"
            yield event


async def test_the_stream_begins_where_it_is_told_and_goes_on(api: Api) -> None:
    await api.apply(api.rig.worker(replicas=1))
    await settle(api.served.controller)
    stored = await api.get("/v1/events")
    async with api.client.stream("GET", "/v1/events/stream?after=1") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        following = events(stream.aiter_lines())
        caught_up = [await anext(following) for _ in stored[1:]]
        assert caught_up == stored[1:]
        await api.post("/v1/services/job/scale", {"replicas": 2})
        async with asyncio.timeout(10):
            seen = [await anext(following) for _ in range(3)]
    assert [one["reason"] for one in seen] == ["Scaled", "Scheduled", "Started"]
    assert [one["serial"] for one in seen] == [stored[-1]["serial"] + n for n in (1, 2, 3)]


async def test_the_stream_without_a_beginning_has_only_news(api: Api) -> None:
    await api.apply(api.rig.worker(replicas=0))
    async with api.client.stream("GET", "/v1/events/stream") as stream:
        await eventually_async(lambda: api.served.controller.log._readers)
        await api.post("/v1/services/job/restart")
        async with asyncio.timeout(10):
            first = await anext(events(stream.aiter_lines()))
    assert first["reason"] == "Restarting"


async def test_a_reader_that_leaves_is_forgotten(api: Api) -> None:
    log = api.served.controller.log
    for _ in range(3):
        async with api.client.stream("GET", "/v1/events/stream?after=0") as stream:
            assert stream.status_code == 200
            await eventually_async(lambda: log._readers)
    await eventually_async(lambda: not log._readers)


async def test_logs_are_followed_until_the_replica_ends(api: Api) -> None:
    talk = (
        "import signal; print('begun', flush=True); signal.sigwait([15]); print('bye', flush=True)"
    )
    await api.apply(api.rig.worker("talk", talk, replicas=1))
    await settle(api.served.controller)
    heard = []
    async with api.client.stream("GET", "/v1/logs/talk?follow=true") as stream:
        async for line in stream.aiter_lines():
            heard.append(json.loads(line)["text"])
            if heard == ["begun"]:
                await api.post("/v1/services/talk/scale", {"replicas": 0})
    assert heard in (["begun"], ["begun", "bye"])


async def test_previous_logs_are_those_of_the_attempt_before(api: Api) -> None:
    talk = "import os, signal; print(os.environ['ORCH_ATTEMPT'], flush=True); signal.pause()"
    await api.apply(api.rig.worker("talk", talk, replicas=1))

    async def said(params: str) -> list[str]:
        answer = await api.client.get(f"/v1/logs/talk-1{params}")
        return [json.loads(line)["text"] for line in answer.text.splitlines()]

    async def said_so(params: str, text: str) -> bool:
        return await said(params) == [text]

    await eventually_async(lambda: said_so("", "1"))
    await api.post("/v1/replicas/talk-1/kill", {})
    await eventually_async(lambda: said_so("", "2"))
    assert await said("?previous=true") == ["1"]


async def test_many_events_are_all_caught_up_with(api: Api) -> None:
    """More than one question of the store answers."""
    log = api.served.controller.log
    for number in range(2500):
        log.normal("Test", "project", str(number))
    async with api.client.stream("GET", "/v1/events/stream?after=0") as stream:
        following = events(stream.aiter_lines())
        async with asyncio.timeout(20):
            serials = [(await anext(following))["serial"] for _ in range(2500)]
    assert serials == list(range(1, 2501))


async def test_who_listens_when_the_controller_ends_is_told_of_the_end(
    state_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not cut off a second later, with an error in the operator's terminal."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        async with answering(state_dir) as api:
            listening = client.stream("GET", f"{api.served.url}/v1/events/stream?after=0")
            stream = await stack.enter_async_context(listening)
        await stream.aread()
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_logs_that_are_followed_end_with_the_controller(api: Api) -> None:
    await api.apply(api.rig.worker(replicas=2))
    await settle(api.served.controller)
    controller, closing = api.served.controller, asyncio.Event()
    replicas = list(controller.cluster.observed.replicas.values())
    lines = log_stream(controller.engine, replicas, None, True, closing)
    closing.set()
    async with asyncio.timeout(10):
        assert [line async for line in lines] == []

"""Log files: bounded, and read rightly while they grow and while they are emptied."""

from pathlib import Path

import pytest

from orchestrator.engines.process import logs


async def read(
    log: Path, tail: int | None = None, *, follow: bool = False, ended: bool = True
) -> list[str]:
    """All lines there are to read."""
    return [line async for line in logs.lines(log, lambda: ended, tail=tail, follow=follow)]


async def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert await read(tmp_path / "log", follow=True) == []


async def test_a_long_log_is_moved_aside_and_read_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 100)
    log = tmp_path / "log"
    with log.open("ab") as writer:
        writer.write(b"".join(b"old %d\n" % number for number in range(20)))
        writer.flush()
        logs.trim(log)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert await read(log) == [f"old {number}" for number in range(20)] + ["new"]
    assert await read(log, tail=2) == ["old 19", "new"]


async def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"short\n")
    logs.trim(log)
    assert log.read_bytes() == b"short\n"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


async def test_following_goes_on_after_the_file_was_emptied(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntwo\n")
    done: list[str] = []
    async for line in logs.lines(log, lambda: "three" in done, tail=None, follow=True):
        done.append(line)
        if line == "two":
            log.write_bytes(b"three\n")
    assert done == ["one", "two", "three"]


async def test_a_line_without_end_comes_in_pieces(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (3 * logs.MAX_LINE) + b"\nafter\n")
    *pieces, last = await read(log)
    assert last == "after"
    assert "".join(pieces) == "x" * (3 * logs.MAX_LINE)


@pytest.mark.parametrize("follow", [False, True])
async def test_the_unfinished_last_line_is_shown_once(tmp_path: Path, follow: bool) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first\r\nlast")
    assert await read(log, follow=follow) == ["first", "last"]

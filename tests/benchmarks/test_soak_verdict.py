"""What the soak says of a request, from what its client saw, the ledger, and who died when."""

import pytest

from benchmarks.soak.verdict import PROXY, Death, Executed, Fate, Sent, fate, judge, note, unasked

KILL = Death("web-2", 10.0, 10.1)
OTHER_KILL = Death("web-3", 9.8, 9.95)
WORKER = Death(PROXY, 10.0, 10.1)
ONCE = (Executed("d", "web-2.1"),)
TWICE = (*ONCE, Executed("d", "web-1.4"))


def sent(
    method: str = "GET",
    status: int = 200,
    replica: str = "web-2",
    *,
    complete: bool | None = None,
    intact: bool = True,
    body_bytes: int = 100,
    unread: bool = False,
) -> Sent:
    one = Sent("id-1", method, "d", body_bytes, "keep-alive", 9.9, 10.2, status, replica)
    one.complete = status == 200 if complete is None else complete
    one.intact, one.unread = intact, unread
    return one


def cut(method: str = "GET") -> Sent:
    return sent(method, complete=False, intact=False)


@pytest.mark.parametrize(
    ("what", "executed", "deaths", "expected"),
    [
        (sent(), ONCE, [], Fate.ANSWERED),
        (sent(), TWICE, [], Fate.REPEATED),
        (sent("PUT"), TWICE, [], Fate.REPEATED),
        (sent("POST"), ONCE, [], Fate.ANSWERED),
        (sent("POST"), TWICE, [KILL], Fate.DUPLICATED),
        (sent(), (), [], Fate.UNRECORDED),
        (sent(), (), [KILL, WORKER], Fate.UNRECORDED),
        (sent(), (Executed("other", "web-2.1"),), [], Fate.ALTERED),
        (sent(intact=False), ONCE, [], Fate.WRONG),
        # Cut off half-way: only the death of that replica, at that time, excuses it.
        (cut(), ONCE, [KILL], Fate.CUT),
        (cut("POST"), ONCE, [KILL], Fate.CUT),
        (cut(), ONCE, [], Fate.LOST),
        (cut(), ONCE, [Death("web-1", 10.0, 10.1)], Fate.LOST),
        (cut(), ONCE, [Death("web-2", 2.0, 2.1)], Fate.LOST),
        (cut(), ONCE, [Death("web-2", 10.3, 10.4)], Fate.LOST),
        (cut(), ONCE, [WORKER], Fate.WORKER),
        # 502 is for what cannot be repeated.
        (sent("POST", 502, complete=True), ONCE, [KILL], Fate.REPORTED),
        (sent("POST", 502, complete=True), (), [KILL], Fate.REPORTED),
        (sent("POST", 502, complete=True), TWICE, [KILL], Fate.DUPLICATED),
        (sent("POST", 502, complete=True), (), [], Fate.LOST),
        (sent("GET", 502, complete=True), (), [KILL], Fate.LOST),
        (sent("PUT", 502, complete=True), (), [KILL], Fate.LOST),
        # Sent again once: two replicas have to die for it to fail.
        (sent("GET", 502, complete=True), ONCE, [KILL, OTHER_KILL], Fate.TWICE),
        (sent("GET", 502, complete=True), ONCE, [KILL, KILL], Fate.LOST),
        (sent("GET", 502, complete=True), ONCE, [KILL, WORKER], Fate.LOST),
        (sent("GET", 502, complete=True), ONCE, [OTHER_KILL], Fate.LOST),
        (sent("PUT", 502, complete=True, body_bytes=65_537), (), [KILL], Fate.TOO_LARGE),
        (sent("GET", 502, complete=True), (), [WORKER], Fate.LOST),
        # Refused means untouched.
        (sent("GET", 503, "", complete=True), (), [KILL], Fate.LOST),
        (sent("POST", 503, "", complete=True), ONCE, [KILL], Fate.DENIED),
        # A 502 within a request's body ends the connection: what was behind it was never read.
        (sent("GET", 0, unread=True), (), [KILL], Fate.UNREAD),
        (sent("GET", 0, unread=True), (), [], Fate.LOST),
        (sent("GET", 0, unread=True), ONCE, [KILL], Fate.DENIED),
        # No answer at all: nobody but the worker itself may die like that.
        (sent("GET", 0, ""), (), [], Fate.LOST),
        (sent("GET", 0, ""), (), [KILL], Fate.LOST),
        (sent("POST", 0, ""), ONCE, [WORKER], Fate.WORKER),
    ],
)
def test_the_fate_of_a_request(
    what: Sent, executed: tuple[Executed, ...], deaths: list[Death], expected: Fate
) -> None:
    assert fate(what, executed, deaths) == expected


@pytest.mark.parametrize(
    ("end", "deaths", "count"),
    [(9.9, [WORKER], 1), (10.0, [WORKER], 0), (17.1, [WORKER], 0), (17.2, [WORKER], 1),
     (10.0, [KILL], 1), (10.0, [], 1)],
)  # fmt: skip
def test_idle_connections_end_with_their_worker_only(
    end: float, deaths: list[Death], count: int
) -> None:
    assert unasked([end], deaths, within_s=7.0) == count


def test_every_promise_kept() -> None:
    verdict = judge([sent(), cut()], {"id-1": ONCE}, [KILL])

    assert verdict.fates == {Fate.ANSWERED: 1, Fate.CUT: 1}
    assert verdict.kept


def test_a_broken_promise_is_told() -> None:
    verdict = judge([sent("POST")], {"id-1": TWICE}, [])

    assert not verdict.kept
    (told,) = verdict.broken
    assert told.startswith("POST executed more than once: POST id-1 ")
    assert told.endswith("executed by web-2.1, web-1.4")


def test_more_broken_promises_than_examples() -> None:
    verdict = judge([sent("GET", 0) for _ in range(50)], {"id-1": ()}, [])

    assert verdict.fates[Fate.LOST] == 50
    assert len(verdict.broken) == 10
    assert not verdict.kept


def test_what_nobody_sent_is_executed_by_mistake() -> None:
    verdict = judge([], {"id-9": ONCE}, [])

    assert verdict.broken == ["executed, but never sent: id-9"]
    assert not verdict.kept


def test_those_behind_a_last_answer_were_not_read() -> None:
    whole, first, second = sent(), cut(), cut("PUT")
    whole.closing, whole.replica, first.replica = True, "web-1", ""
    note([whole, first, second], EOFError("end"))
    assert (whole.error, whole.unread) == ("", False)
    assert [(one.unread, one.replica) for one in (first, second)] == [(True, "web-1")] * 2


def test_an_answer_that_is_cut_off_was_read_whatever_it_said_of_the_connection() -> None:
    first, second = cut(), sent("PUT", 0, "", complete=False)
    first.closing = True
    note([first, second], EOFError("end"))
    assert [(one.unread, one.replica) for one in (first, second)] == [(False, "web-2")] * 2
    assert fate(first, ONCE, [WORKER]) is Fate.WORKER
    assert fate(first, ONCE, []) is Fate.LOST

"""Who is looked at again: whoever has news, whose time has come, or who waits for room."""

from orchestrator.model.plan import Plan
from orchestrator.runtime.agenda import Agenda

ALL = {"api", "db", "web"}


def test_news_is_taken_once() -> None:
    agenda = Agenda()
    agenda.add({"api", "web"})
    assert agenda.wake.is_set()
    assert agenda.take(0.0) == {"api", "web"}
    assert not agenda.wake.is_set()
    assert agenda.take(0.0) == set()


def test_an_alarm_rings_once_unless_a_later_look_takes_it_back() -> None:
    agenda = Agenda()
    agenda.looked_at({"api", "web"}, Plan(wakes={"api": 5.0, "web": 7.0}))
    assert agenda.next_alarm == 5.0
    agenda.looked_at({"web"}, Plan())
    assert agenda.take(4.9) == set()
    assert agenda.take(5.0) == {"api"}
    assert agenda.next_alarm is None
    assert agenda.take(9.0) == set()


def test_who_found_no_room_is_looked_at_until_it_has_some() -> None:
    agenda = Agenda()
    agenda.looked_at({"db", "web"}, Plan(short=frozenset({"web"})))
    for _ in range(2):
        agenda.add_short()
        assert agenda.take(0.0) == {"web"}
    agenda.looked_at({"web"}, Plan())
    agenda.add_short()
    assert not agenda.wake.is_set()


def test_a_pause_lasts_until_someone_is_added() -> None:
    agenda = Agenda()
    agenda.add({"api"})
    agenda.looked_at({"web"}, Plan(wakes={"web": 5.0}))
    agenda.pause()
    assert (agenda.wake.is_set(), agenda.next_alarm) == (False, None)
    agenda.add(ALL)
    assert agenda.take(0.0) == ALL


def test_those_that_room_is_cleared_for_are_looked_at_with_everybody_else() -> None:
    agenda = Agenda()
    agenda.looked_at({"web"}, Plan(preempting=frozenset({"web"})))
    assert agenda.take(0.0) == set()
    agenda.add({"db"})
    assert agenda.take(0.0) == {"db", "web"}
    agenda.looked_at({"db", "web"}, Plan())
    agenda.add({"db"})
    assert agenda.take(0.0) == {"db"}

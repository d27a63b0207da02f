"""Which services need another look, and when."""

import asyncio
from collections.abc import Collection

from orchestrator.model.plan import Plan


class Agenda:
    """Services with news, those whose time has come, and those that wait for room once some has
    come free. `wake` is set while there is news."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self._dirty: set[str] = set()
        self._alarms: dict[str, float] = {}
        self._short: frozenset[str] = frozenset()
        self._preempting: frozenset[str] = frozenset()

    def add(self, services: Collection[str]) -> None:
        """Look at these."""
        self._dirty.update(services)
        self.wake.set()

    def add_short(self) -> None:
        """Look at those that found no room: some may have come free, or be lacking elsewhere."""
        if self._short:
            self.add(self._short)

    @property
    def next_alarm(self) -> float | None:
        """When the next service is due without any news."""
        return min(self._alarms.values(), default=None)

    def take(self, now: float) -> set[str]:
        """The services to look at now, and an empty agenda but for later alarms."""
        due = {name for name, time in self._alarms.items() if time <= now}
        # What an alarm was for may be gone: it does not ring a second time.
        self._alarms = {name: time for name, time in self._alarms.items() if name not in due}
        found, self._dirty = self._dirty | due, set()
        self.wake.clear()
        # Room that is being cleared for these is given to nobody else meanwhile.
        return found | self._preempting if found else found

    def looked_at(self, services: set[str], plan: Plan) -> None:
        """This was decided for these services, and says when they need another look."""
        for name in services:
            self._alarms.pop(name, None)
        self._alarms.update(plan.wakes)
        self._short = (self._short - services) | plan.short
        self._preempting = (self._preempting - services) | plan.preempting

    def pause(self) -> None:
        """Nothing can be decided on: wait for whoever adds services again, all of them."""
        self._alarms.clear()
        self.wake.clear()

"""One service: fill its slots, and replace what is outdated or has to leave its node.

Nothing that serves is taken away before its replacement is ready (maxUnavailable 0): a new attempt
starts in the same slot, and once it is ready the old one stops. At most a surge of
max(1, ⌈25% of N⌉) slots (Kubernetes' default maxSurge) is replaced at a time. A new revision that
crashes or never becomes ready keeps its place in the surge, so that a bad one gets no further.

Where the nodes have no room for a second replica, the old one stops first: one slot at a time,
and only while nothing else of the service is on its way, and no replacement has ended for good.
Even a service's only ready replica goes like that, for waiting would be for ever. A replica that
is only to move stays where it is then.

While a rollout is paused, its outdated replicas are as good as others: they are healed, scaled and
moved, and none is replaced for its revision. Replacements that are on their way arrive.
"""

from orchestrator.core.draft import Draft
from orchestrator.core.preempting import make_way
from orchestrator.core.restart import should_restart
from orchestrator.core.scheduling import Request, Unschedulable, place
from orchestrator.core.slots import Slot, must_leave, why_empty, why_failed, why_stale
from orchestrator.model.state import Exit, Phase, Replica, Service


def surge(replicas: int) -> int:
    """How many slots of a service may hold two replicas at a time."""
    return max(1, -(-replicas // 4))


def decide(draft: Draft, service: Service, slots: dict[int, Slot]) -> None:
    """Add to `draft` what this service needs next."""
    wanted = [slot for number, slot in slots.items() if number <= service.spec.replicas]
    surplus = [slot for number, slot in slots.items() if number > service.spec.replicas]
    _Round(draft, service).run(wanted, surplus)


class _Round:
    """One look at one service."""

    def __init__(self, draft: Draft, service: Service) -> None:
        self._draft = draft
        self._service = service
        self._surging = 0
        self._empty: list[Slot] = []
        self._moving = False
        """Whether something of the service is starting, unready, backing off or leaving."""
        self._failing = False
        """Whether a replacement has ended for good, and what it was to replace goes on."""

    def run(self, wanted: list[Slot], surplus: list[Slot]) -> None:
        self._scale_down(surplus, self._service.spec.replicas)
        old = [slot for slot in wanted if self._settle(slot)]
        if self._empty:
            self._fill_empty()
        targets = [(slot, self._target(slot)) for slot in old]
        self._replace([slot for slot, target in targets if target is None])
        self._move([(slot, target) for slot, target in targets if target is not None])

    # -- slots that are no more ----------------------------------------------------------------

    def _scale_down(self, surplus: list[Slot], wanted: int) -> None:
        before = max((slot.key.slot for slot in surplus if slot.active), default=0)
        for slot in reversed(surplus):
            for replica in slot.active:
                self._stop(replica, f"scaled down from {before} to {wanted}")
            for replica in slot.ended:
                self._draft.remove(replica, "its slot is gone")
            self._moving |= bool(slot.leaving)

    # -- slots that are wanted -----------------------------------------------------------------

    def _settle(self, slot: Slot) -> bool:
        """Do what needs no surge. True if a serving but stale replica is all the slot has."""
        self._moving |= bool(slot.leaving)
        self._forget_older(slot)
        for replica in slot.failed:
            self._stop(replica, why_failed(replica), failed=True)
        current = self._best_current(slot)
        stale = self._best_stale(slot, current)
        if current is None and stale is None:
            self._fill(slot)
        elif current is not None:
            self._moving |= not current.ready
            self._surging += stale is not None
        return current is None and stale is not None

    def _forget_older(self, slot: Slot) -> None:
        for replica in slot.ended[:-1]:
            self._draft.remove(replica, f"{slot.ended[-1].id} ended later")

    def _best_current(self, slot: Slot) -> Replica | None:
        for replica in slot.current[1:]:
            self._stop(replica, f"duplicate of {slot.current[0].id}")
        return slot.current[0] if slot.current else None

    def _best_stale(self, slot: Slot, current: Replica | None) -> Replica | None:
        """The stale replica that goes on serving until there is a better one, if any."""
        replaced = (current is not None and current.ready) or self._completed(slot)
        kept = None
        for replica in slot.stale:
            if kept is None and replica.ready and not replaced:
                kept = replica
            else:
                self._stop(replica, self._why(replica))
        return kept

    def _fill(self, slot: Slot) -> None:
        if self._is_over(slot):
            return
        if self._must_wait(slot):
            self._moving = True
        else:
            self._empty.append(slot)

    def _fill_empty(self) -> None:
        started = self._draft.start(self._service, self._empty, self._why_empty)
        self._moving |= bool(started.nodes)
        if started.refusal:
            rest = self._empty[len(started.nodes) :]
            for slot in rest:
                self._draft.pend(slot, started.refusal)
            make_way(self._draft, self._service, rest)

    def _must_wait(self, slot: Slot) -> bool:
        """Whether the slot's last failure forbids a new attempt for now."""
        newest = slot.newest
        if newest is not None and newest.revision != self._service.revision:
            # A new revision gets its chance at once.
            return False
        if newest is not None and not newest.alive and newest.phase is not Phase.EXITED:
            # How it ends decides how long to back off.
            return True
        if self._draft.now < slot.history.not_before:
            self._draft.wake_at(slot.key.service, slot.history.not_before)
            return True
        return False

    def _is_over(self, slot: Slot) -> bool:
        """Whether the newest attempt ended by itself and its policy wants no other."""
        newest = slot.newest
        if newest is None or newest.phase is not Phase.EXITED:
            return False
        if newest.revision != self._service.revision and not self._service.paused:
            return False
        return not should_restart(self._service.spec.restart.policy, newest.exit or Exit())

    def _completed(self, slot: Slot) -> bool:
        newest = slot.newest
        how = newest.exit if newest else None
        return how is not None and how.succeeded and self._is_over(slot)

    # -- rolling replacement -------------------------------------------------------------------

    def _replace(self, old: list[Slot]) -> None:
        """`old` holds the slots in which only a stale replica serves."""
        tried_first = sorted(old, key=lambda slot: (not self._tried(slot), slot.key.slot))
        left = surge(self._service.spec.replicas) - self._surging
        for index, slot in enumerate(tried_first[: max(0, left)]):
            if self._is_over(slot):
                self._failing = True
                continue
            if self._must_wait(slot):
                self._moving = True
                continue
            started = self._draft.start(self._service, [slot], self._cause)
            if started.refusal:
                self._make_room(tried_first[index:], started.refusal)
                return
            self._surging += 1
            self._moving = True

    def _target(self, slot: Slot) -> str | None:
        """The node that its replica is to move to, unless it has to be replaced anyway."""
        replica, desired = _serving(slot), self._draft.desired
        outdated = replica.revision != self._service.revision and not self._service.paused
        if outdated or must_leave(replica, desired) or replica.id in desired.restarts:
            return None
        return desired.moves.get(replica.id)

    def _move(self, moves: list[tuple[Slot, str]]) -> None:
        """Within the surge, and only to the node named: a move is worth no gap."""
        left = surge(self._service.spec.replicas) - self._surging
        for slot, target in moves[: max(0, left)]:
            if self._is_over(slot) or self._must_wait(slot):
                continue
            if refusal := self._draft.move(self._service, slot, target, self._cause(slot)):
                self._draft.pend(slot, refusal)

    def _tried(self, slot: Slot) -> bool:
        """Whether a replacement at the wanted revision has been started before."""
        newest = slot.newest
        return (
            newest is not None
            and newest is not _serving(slot)
            and newest.revision == self._service.revision
        )

    def _make_room(self, slots: list[Slot], refusal: Unschedulable) -> None:
        if self._moving:
            return
        for slot in slots if not self._failing else ():
            replica = _serving(slot)
            if must_leave(replica, self._draft.desired) or self._fits_instead(slot, replica):
                self._stop(replica, f"no room to surge: {self._why(replica)}")
                return
        for slot in slots:
            self._draft.pend(slot, refusal)

    def _fits_instead(self, slot: Slot, replica: Replica) -> bool:
        cluster = self._draft.cluster
        cluster.release(replica)
        node = place(Request.of(self._service.spec, slot.key.slot), cluster)
        cluster.hold(replica)
        return not isinstance(node, Unschedulable)

    # -- words ---------------------------------------------------------------------------------

    def _why(self, replica: Replica) -> str:
        return why_stale(replica, self._service, self._draft.desired)

    def _why_empty(self, slot: Slot) -> str:
        return why_empty(slot, self._draft.desired)

    def _cause(self, slot: Slot) -> str:
        replica = _serving(slot)
        return f"replacing {replica.id}: {self._why(replica)}"

    def _stop(self, replica: Replica, cause: str, *, failed: bool = False) -> None:
        self._moving = True
        self._draft.stop(replica, cause, failed=failed)


def _serving(slot: Slot) -> Replica:
    return slot.stale[0]

"""The board of `up`, `apply --wait` and `scale --wait`: looks at the cluster in, lines out."""

from orchestrator.cli.render.progress import Board
from orchestrator.cli.terminal import plain
from orchestrator.model.spec import Probe, Probes, ServiceSpec
from tests.cli.views import event, replica, service


def test_from_nothing_to_ready() -> None:
    """Each line carries its own time; it stops when the replica is ready."""
    board = Board()
    starting = [replica("web-1", "Starting"), replica("web-2", "Starting")]
    board.see([service(desired=2, ready=0)], starting, 10.0)
    assert not board.settled
    board.see([service(desired=2, ready=1)], [replica("web-1"), starting[1]], 10.5)
    assert board.lines(11.0, plain) == [
        "[+] Running 1/2",
        " ✔ web-1  Ready  0.5s",
        " ⠋ web-2  Starting  1.0s",
    ]
    board.see([service(desired=2, ready=2)], [replica("web-1"), replica("web-2")], 12.0)
    assert board.settled
    assert board.lines(99.0, plain)[2] == " ✔ web-2  Ready  2.0s"


def test_only_changes_are_told() -> None:
    """For output that is no terminal."""
    board = Board()
    rows = [replica("web-1", "Starting"), replica("web-2")]
    assert [item.name for item in board.see([service()], rows, 0.0)] == ["web-1", "web-2"]
    assert board.see([service()], rows, 1.0) == []
    changed = board.see([service()], [replica("web-1", "Running"), rows[1]], 2.0)
    assert [(item.name, item.status) for item in changed] == [("web-1", "Running")]


def test_an_old_revision_is_not_done() -> None:
    """Ready, but about to be replaced."""
    board = Board()
    board.see([service(desired=1, ready=1, revision="r2", status="Progressing")], [replica()], 0.0)
    assert not board.settled
    assert [row.name for row in board.waiting] == ["web-1"]


def test_an_old_revision_is_done_while_its_rollout_is_paused() -> None:
    """What is waited for has come; that it is not all is told apart."""
    board = Board()
    held = service(desired=1, ready=1, up_to_date=0, revision="r2", paused=True)
    board.see([held], [replica()], 0.0)
    assert (board.settled, board.held) == (True, ("web",))
    board.see([service(desired=1, ready=1, paused=True)], [replica()], 1.0)
    assert (board.settled, board.held) == (True, ())


def test_the_newest_attempt_speaks_for_its_name() -> None:
    """While the one before still terminates."""
    board = Board()
    rows = [replica("web-1", "Starting", attempt=2), replica("web-1", "Terminating", attempt=1)]
    board.see([service(desired=1, ready=0)], rows, 0.0)
    assert board.lines(0.0, plain)[1:] == [" ⠋ web-1  Starting  0.0s"]


def test_what_nobody_probes_has_to_last() -> None:
    """Running is ready then; what crashes at once must not pass for it."""
    board = Board()
    wanted = [service(desired=1, ready=1)]
    board.see(wanted, [replica("web-1", age_s=0.01)], 0.0)
    assert not board.settled
    board.see(wanted, [replica("web-1", age_s=0.5)], 0.5)
    assert board.settled


def test_what_is_probed_counts_at_once() -> None:
    """Its probe has passed."""
    spec = ServiceSpec(name="web", image="x", port=80, probes=Probes(readiness=Probe(tcp=True)))
    board = Board()
    board.see([service(desired=1, ready=1, spec=spec)], [replica("web-1", age_s=0.01)], 0.0)
    assert board.settled


def test_what_leaves_is_waited_for() -> None:
    """Scaled down: settled when the last one is gone."""
    board = Board()
    wanted = [service(desired=1, ready=1)]
    board.see(wanted, [replica("web-1"), replica("web-2", "Terminating")], 0.0)
    assert not board.settled
    board.see(wanted, [replica("web-1")], 1.5)
    assert board.settled
    assert board.lines(2.0, plain)[2] == " ✔ web-2  Removed  1.5s"


def test_other_services_are_not_waited_for() -> None:
    """`scale web=2 --wait` while `db` does not come up."""
    board = Board(["web"])
    broken = service("db", 1, 0, status="Degraded")
    board.see([service(), broken], [replica("web-1"), replica("db-1", "CrashLoopBackOff")], 0.0)
    assert board.settled
    assert "db-1" not in "\n".join(board.lines(0.0, plain))


def test_why_it_waits() -> None:
    """A reason is shown, a failure marked."""
    board = Board()
    row = replica("web-1", "CrashLoopBackOff", reason="back-off 4s")
    board.see([service(desired=1, ready=0)], [row], 0.0)
    assert board.lines(1.0, plain)[1] == " ✘ web-1  CrashLoopBackOff  1.0s  back-off 4s"


def test_images_have_lines_of_their_own() -> None:
    """Not counted; done when a replica runs from them."""
    board = Board()
    wanted = [service(desired=1, ready=0)]
    board.see(wanted, [replica("web-1", "Starting", id=None)], 0.0)
    board.hear([event("image/sample-app:1.0", "Step 2/5 : COPY . .")], 1.0)
    assert board.lines(3.0, plain) == [
        "[+] Running 0/1",
        " ⠋ web-1                 Starting  3.0s",
        " ⠋ image sample-app:1.0  Step 2/5 : COPY . .  2.0s",
    ]
    board.see(wanted, [replica("web-1", "Running")], 4.0)
    assert " ✔ image sample-app:1.0" in board.lines(9.0, plain)[2]


def test_an_image_that_cannot_be_had_is_trouble() -> None:
    """Waiting longer is no use."""
    board = Board()
    board.see([service(desired=1, ready=0)], [replica("web-1", "Starting")], 0.0)
    assert board.trouble is None
    board.see([service(desired=1, ready=0)], [replica("web-1", "ImagePullBackOff")], 0.0)
    assert board.trouble is not None


def test_a_small_screen_shows_what_is_under_way() -> None:
    """The head still counts all."""
    board = Board()
    rows = [replica(f"web-{slot}") for slot in range(1, 10)] + [replica("web-10", "Starting")]
    board.see([service(desired=10, ready=9)], rows, 0.0)
    lines = board.lines(0.0, plain, height=3)
    assert len(lines) == 3
    assert lines[0] == "[+] Running 9/10"
    assert "web-10" in lines[1]

"""Exit codes, and which error ends with which."""

from typing import Final

from orchestrator.model.errors import OrchestratorError

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CHANGES: Final = 2
"""`plan --detailed-exitcode`: there is something to do."""
NO_CONTROLLER: Final = 3
TIMED_OUT: Final = 4
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells count."""
BROKEN_PIPE: Final = 141
"""128 + SIGPIPE: whoever read our output has seen enough."""


class UsageError(OrchestratorError):
    """The command line contradicts itself or lacks something."""


class NoControllerError(OrchestratorError):
    """The project has no running controller."""


class WaitTimeoutError(OrchestratorError):
    """What was waited for did not come in time."""


def code_of(error: OrchestratorError) -> int:
    """The exit code that tells a script what kind of failure it was."""
    match error:
        case UsageError():
            return USAGE
        case NoControllerError():
            return NO_CONTROLLER
        case WaitTimeoutError():
            return TIMED_OUT
    return FAILED

"""Every error the project raises on purpose, in one tree.

Each carries a message that says what is wrong and, where there is one, the remedy.
"""

from dataclasses import dataclass


class OrchestratorError(Exception):
    """Base of all. `str(error)` is fit for a person; `remedy` is the next thing to try."""

    remedy: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        if remedy:
            self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a manifest. Lines and columns count from 1; 0 means unknown."""

    file: str
    line: int
    column: int
    field: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        field = f" {self.field}:" if self.field else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{where}:{field} {self.message}{remedy}"


class ManifestError(OrchestratorError):
    """One or more manifests cannot be used; `problems` holds all of them, in file order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a spec: `field` is dotted, relative to the spec that found it."""

    message: str
    remedy: str = ""
    field: str = ""

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{field}{self.message}" + (f" ({self.remedy})" if self.remedy else "")


class SpecError(OrchestratorError, ValueError):
    """Fields of a spec hold what they may not, alone or together; `faults` holds all of it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


class QuantityError(SpecError):
    """A CPU, memory or duration text that cannot be read."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(Fault(message, remedy))
        self.remedy = remedy


class NotFoundError(OrchestratorError):
    """No service, replica, node or container of that name."""


class ConflictError(OrchestratorError):
    """The request does not fit the present state: a stale plan, a second controller."""


class PortInUseError(ConflictError):
    """A listening port is taken, by a stranger or by another service."""


class InvalidRequestError(OrchestratorError):
    """The request is understood and refused: nothing was changed."""


class StateError(OrchestratorError):
    """The state directory or its database cannot be used."""


class ShortageError(OrchestratorError):
    """This machine has no socket or port left for it: nothing was learned of the other side."""


class EngineError(OrchestratorError):
    """The engine refused or failed an operation."""


class EngineUnavailableError(EngineError):
    """The engine does not answer at all."""


class EngineTimeoutError(EngineError):
    """The engine did not answer in time; whether the call took effect is unknown."""


class ImageError(EngineError):
    """An image is missing and cannot be had, or its build failed.

    `reason` is the status word that users of Kubernetes know: `ErrImagePull`, `ErrImageBuild`.
    """

    def __init__(self, message: str, *, reason: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason

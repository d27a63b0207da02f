"""Names, and the labels that carry a replica's identity on an engine."""

import re
from typing import Final

# RFC 1123 label, as Kubernetes demands of names: also a host name and a Docker object name.
NAME_PATTERN: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME_RULE: Final = "lower-case letters, digits and '-', at most 63, alphanumeric at both ends"
ENV_NAME_PATTERN: Final = r"[A-Za-z_][A-Za-z0-9_]{0,254}"
_NAME = re.compile(NAME_PATTERN, re.ASCII)
_ENV_NAME = re.compile(ENV_NAME_PATTERN, re.ASCII)

LABEL_PREFIX: Final = "orchestrator."
LABEL_PROJECT: Final = LABEL_PREFIX + "project"
LABEL_SERVICE: Final = LABEL_PREFIX + "service"
LABEL_SLOT: Final = LABEL_PREFIX + "slot"
LABEL_ATTEMPT: Final = LABEL_PREFIX + "attempt"
LABEL_NODE: Final = LABEL_PREFIX + "node"
LABEL_REVISION: Final = LABEL_PREFIX + "revision"
LABEL_SOURCE: Final = LABEL_PREFIX + "source"


def is_name(text: str) -> bool:
    """Whether `text` can name a project, service, node or zone."""
    return len(text) <= 63 and _NAME.fullmatch(text) is not None


def is_env_name(text: str) -> bool:
    """Whether `text` can name an environment variable."""
    return _ENV_NAME.fullmatch(text) is not None

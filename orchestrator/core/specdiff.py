"""Two specs compared field by field, in the manifest's spelling."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from orchestrator.model.spec import Spec

ABSENT: Final = "(none)"
SENSITIVE: Final = "(sensitive)"
_SECRET_NAME = re.compile(r"PASSW|PASSPHRASE|TOKEN|SECRET|KEY|CREDENTIAL", re.IGNORECASE)
_VARIABLES: Final = ("env.", "process.env.", "build.args.")


def differences(before: Spec, after: Spec) -> tuple[str, ...]:
    """A line for each field that differs: `replicas: 3 -> 6`, `env.GREETING: "a" -> "b"`.

    A section that comes or goes is one line. Values of variables whose names look secret are not
    shown.
    """
    return tuple(_differences("", _dump(before), _dump(after)))


def is_secret(path: str) -> bool:
    """Whether `path` is a variable whose name suggests that its value is nobody's business."""
    return any(
        path.startswith(prefix) and _SECRET_NAME.search(path.removeprefix(prefix))
        for prefix in _VARIABLES
    )


def _dump(spec: Spec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_none=True)


def _differences(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from _differences(_join(path, key), old.get(key), new.get(key))
    elif old != new:
        yield f"{path}: {_shown(path, old)} -> {_shown(path, new)}"


def _shown(path: str, value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, dict):
        inner = (f"{key}: {_shown(_join(path, key), value[key])}" for key in value)
        return f"{{{', '.join(inner)}}}"
    if is_secret(path):
        return SENSITIVE
    if isinstance(value, str) and value.isprintable() and not path.startswith(_VARIABLES):
        return value
    text = json.dumps(value, ensure_ascii=False)
    # Nothing that a terminal would obey, such as the C1 control characters.
    return text if text.isprintable() else json.dumps(value)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

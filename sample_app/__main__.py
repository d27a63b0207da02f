"""Starts the server: `python -m sample_app`."""

import os
import sys

from .handlers import switches
from .parsing import Problem, whole_number
from .server import serve


def main() -> None:
    """Reads the environment, waits $BOOT_MS as a slow starter would, serves until SIGTERM."""
    try:
        port = whole_number("PORT", os.environ.get("PORT", "8000"), 0, 65535)
        boot_ms = whole_number("BOOT_MS", os.environ.get("BOOT_MS", "0"), 0, 600_000)
        switches.turn_from_environment()
    except Problem as problem:
        sys.exit(f"sample_app: {problem}")
    serve(port, boot_ms / 1000)


main()

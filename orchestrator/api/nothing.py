"""The body of orders that say all in their path: any object, or none."""

from typing import Annotated, Any

from fastapi import Body

Nothing = Annotated[dict[str, Any] | None, Body()]

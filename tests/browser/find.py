"""Where a Chromium is."""

import shutil


def chromium() -> str | None:
    """The path of a browser that Playwright can drive, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)

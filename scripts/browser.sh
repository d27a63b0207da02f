#!/usr/bin/env bash
# A browser for the tests of the dashboard: Chromium, installed on Debian and Ubuntu where there is
# none yet. Elsewhere it says what to install. Prints its path.
set -euo pipefail

find_browser() {
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        command -v "$name" && return
    done
    return 1
}

find_browser && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
    find_browser && exit
fi
echo "browser: install Chromium or Google Chrome (Debian: apt-get install chromium)" >&2
exit 1

#!/usr/bin/env bash
# nginx and HAProxy, behind which tests of the proxy read what it forwards: installed on Debian and
# Ubuntu where there are none yet, and not started. Elsewhere it says what to install.
set -euo pipefail

readonly POLICY=/usr/sbin/policy-rc.d # what Debian asks before a package starts its service
PATH=$PATH:/usr/sbin

missing=()
for name in nginx haproxy; do
    command -v "$name" >/dev/null || missing+=("$name")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "servers: install ${missing[*]} (Debian: apt-get install nginx-light haproxy)" >&2
    exit 1
fi
if [ ! -e "$POLICY" ]; then
    trap 'rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]/#nginx/nginx-light}" >/dev/null

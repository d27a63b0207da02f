#!/usr/bin/env bash
# Make a Python base image available to the engine, and the sample app's wheels available to its build.
#
#   1. python:3.12-slim, when the engine has it or can pull it;
#   2. else orchestrator-base:3, built here with debootstrap (root on Debian or Ubuntu).
#
# The wheels are fetched on the host because containers may have no network during a build.
# Running it again does nothing when everything is there.
set -euo pipefail

readonly PULLED=python:3.12-slim
readonly BUILT=orchestrator-base:3
readonly PULL_TIMEOUT_S=${PULL_TIMEOUT_S:-60}
readonly BUILD_TIMEOUT_S=${BUILD_TIMEOUT_S:-300}
readonly FETCH_TIMEOUT_S=${FETCH_TIMEOUT_S:-60}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
app=$root/sample_app
work=

say() { echo "base-image: $*"; }
die() { echo "base-image: $*" >&2; exit 1; }

# Runs a command for at most so many seconds, where the system can do that (macOS cannot).
bounded() {
    if command -v timeout >/dev/null; then timeout "$@"; else "${@:2}"; fi
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

pull() {
    say "pulling $PULLED"
    bounded "$PULL_TIMEOUT_S" docker pull --quiet "$PULLED" >/dev/null 2>&1
}

# Prints "URI SUITE" of the mirror that apt itself uses for this release, whatever format its lists have.
apt_mirror() {
    local codename
    # shellcheck disable=SC1091  # a file of the system
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016  # the $(…) are apt's own fields
    apt-get indextargets --format '$(CREATED_BY) $(REPO_URI) $(RELEASE) $(COMPONENT)' |
        awk -v suite="$codename" \
            '$1 == "Packages" && $3 == suite && $4 == "main" { print $2, $3; exit }'
}

ensure_debootstrap() {
    local remedy="get $PULLED onto the engine (docker pull, or docker load from another machine)"
    command -v apt-get >/dev/null || die "no $PULLED, and building one needs Debian or Ubuntu: $remedy"
    [ "$(id -u)" = 0 ] || die "no $PULLED, and building one with debootstrap needs root: $remedy"
    if command -v debootstrap >/dev/null; then return; fi
    say "installing debootstrap"
    timeout "$BUILD_TIMEOUT_S" apt-get -qq update || say "apt-get update failed; trying without"
    DEBIAN_FRONTEND=noninteractive timeout "$BUILD_TIMEOUT_S" \
        apt-get -qq install --yes --no-install-recommends debootstrap >/dev/null ||
        die "cannot install debootstrap with apt-get; or $remedy"
}

# What a running Python does not need; half of the image's size.
slim() {
    rm -rf "$1"/var/cache/apt "$1"/var/lib/apt/lists "$1"/usr/share/{doc,man,locale,info,lintian}
    ln -sf python3 "$1/usr/bin/python"
}

build() {
    ensure_debootstrap
    local uri suite
    read -r uri suite < <(apt_mirror) || die "apt lists no mirror for this release's main component"
    work=$(mktemp -d)
    trap 'rm -rf --one-file-system "$work"' EXIT
    say "building $BUILT with debootstrap ($suite)"
    # unsafe-io: dpkg need not sync every file of a tree that is thrown away.
    mkdir -p "$work/rootfs/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$work/rootfs/etc/dpkg/dpkg.cfg.d/unsafe-io"
    timeout "$BUILD_TIMEOUT_S" debootstrap --variant=minbase --include=python3 \
        "$suite" "$work/rootfs" "$uri" >"$work/log" 2>&1 ||
        { tail -n 15 "$work/log" >&2; die "debootstrap failed; its last lines are above"; }
    slim "$work/rootfs"
    tar -C "$work/rootfs" --exclude ./dev -c . |
        docker import --change 'CMD ["python"]' --change 'ENV LANG=C.UTF-8' - "$BUILT" >/dev/null
}

ensure_base() {
    local image
    for image in "$PULLED" "$BUILT"; do
        if has_image "$image"; then say "$image is there"; return; fi
    done
    if pull; then say "pulled $PULLED"; return; fi
    build
    say "built $BUILT"
}

# Pure-Python wheels only, of the versions in requirements.txt: they suit any base image.
fetch_wheels() {
    local python=$root/.venv/bin/python wheels=$app/wheels
    [ -x "$python" ] || python=python3
    if [ "$wheels/.complete" -nt "$app/requirements.txt" ]; then say "the wheels are there"; return; fi
    rm -rf "$wheels"
    bounded "$FETCH_TIMEOUT_S" "$python" -m pip --disable-pip-version-check -qq download \
        --requirement "$app/requirements.txt" --dest "$wheels" --only-binary :all: \
        --platform any --python-version 3.11 --implementation py --abi none || return
    touch "$wheels/.complete"
    say "fetched $(find "$wheels" -name '*.whl' | wc -l | tr -d ' ') wheels into sample_app/wheels"
}

bounded 10 docker version >/dev/null 2>&1 || die "no Docker engine answers; start one: make engine"
ensure_base
if ! fetch_wheels; then
    has_image "$PULLED" || die "cannot fetch the wheels of sample_app/requirements.txt from PyPI"
    say "cannot fetch the sample app's wheels; its build will ask PyPI itself"
fi

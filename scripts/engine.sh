#!/usr/bin/env bash
# See to it that a Docker engine answers.
#
#   engine.sh         installs (Debian, Ubuntu: docker.io) and starts one where none answers
#   engine.sh stop    stops the engine that this script started, and no other
#   engine.sh answers exits 0 if one answers
#
# DOCKERD_FLAGS is handed to dockerd, e.g. --data-root=/elsewhere. Running it again does nothing.
set -euo pipefail

readonly ANSWER_TIMEOUT_S=${ANSWER_TIMEOUT_S:-60}
readonly INSTALL_TIMEOUT_S=${INSTALL_TIMEOUT_S:-300}
readonly STOP_TIMEOUT_S=30

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
started=$root/.cache/engine # "systemd", or the pid of the dockerd started here
log=$root/.cache/dockerd.log

say() { echo "engine: $*"; }
die() { echo "engine: $*" >&2; exit 1; }

# Runs a command for at most so many seconds, where the system can do that (macOS cannot).
bounded() {
    if command -v timeout >/dev/null; then timeout "$@"; else "${@:2}"; fi
}

answers() { bounded 5 docker version --format '{{.Server.Version}}' 2>/dev/null; }

# Polls a condition twice a second until it holds, or fails at the deadline.
until_true() {
    local deadline=$((SECONDS + $1))
    until "${@:2}" >/dev/null; do
        ((SECONDS < deadline)) || return 1
        sleep 0.5
    done
}

on_systemd() { [ -d /run/systemd/system ]; }
settled() { answers || { ! on_systemd && ! kill -0 "$(cat "$started")" 2>/dev/null; }; }
is_dockerd() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = dockerd ]; }
is_gone() { ! is_dockerd "$1"; }

require_debian_root() {
    command -v apt-get >/dev/null || die "no Docker engine answers, and this is neither Debian nor" \
        "Ubuntu: install Docker Engine or Docker Desktop and start it, then run this again"
    [ "$(id -u)" = 0 ] || die "no Docker engine answers; as root, run this again, or:" \
        "apt-get install docker.io && service docker start; then add yourself to the docker group"
}

# Two engines share the bridge docker0, and the second one's flags may take it from the first.
require_no_dockerd() {
    local pid
    if pid=$(pidof dockerd); then
        die "dockerd runs (pid $pid) but does not answer at ${DOCKER_HOST:-its socket}:" \
            "see its log, or unset DOCKER_HOST; no second one is started beside it"
    fi
}

# docker-cli is a package of its own since Debian 13; cgroupfs-mount left with it.
packages() {
    local package
    echo docker.io
    for package in docker-cli cgroupfs-mount; do
        if apt-cache show "$package" >/dev/null 2>&1; then echo "$package"; fi
    done
}

install() {
    if command -v dockerd >/dev/null && command -v docker >/dev/null; then return; fi
    timeout "$INSTALL_TIMEOUT_S" apt-get -qq update || say "apt-get update failed; trying without"
    local wanted
    mapfile -t wanted < <(packages)
    say "installing ${wanted[*]}"
    DEBIAN_FRONTEND=noninteractive timeout "$INSTALL_TIMEOUT_S" \
        apt-get -qq install --yes --no-install-recommends "${wanted[@]}" >/dev/null ||
        die "apt-get could not install ${wanted[*]}"
}

# dockerd does not start without control groups, and only an init system mounts them.
mount_cgroups() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ] || [ -d /sys/fs/cgroup/memory ]; then return; fi
    if command -v cgroupfs-mount >/dev/null; then cgroupfs-mount; fi
}

# An engine that was killed leaves its pid behind, and while any process bears that number the
# next one does not start. `$1` the file, `$2` whose pid it is to be.
forget_if_dead() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 0
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ] || grep -q '^State:.Z' "/proc/$pid/status"
    then rm -f "$1"; fi
}

start() {
    mkdir -p "$root/.cache"
    if on_systemd; then
        systemctl start docker
        echo systemd >"$started"
        return
    fi
    mount_cgroups
    forget_if_dead /var/run/docker.pid dockerd
    forget_if_dead /var/run/docker/containerd/containerd.pid containerd
    # A session of its own: Ctrl-C in this terminal is not meant for it.
    # shellcheck disable=SC2086  # flags are split on purpose
    setsid dockerd ${DOCKERD_FLAGS:-} >"$log" 2>&1 </dev/null &
    echo $! >"$started"
}

last_words() {
    if on_systemd; then journalctl -u docker -n 15 --no-pager; else tail -n 15 "$log"; fi
}

up() {
    local version
    if version=$(answers); then say "Docker $version already answers"; return; fi
    require_debian_root
    require_no_dockerd
    install
    start
    until_true "$ANSWER_TIMEOUT_S" settled || true
    if ! version=$(answers); then
        last_words >&2
        stop
        die "dockerd does not answer; its last lines are above"
    fi
    say "Docker $version started; stop it with scripts/engine.sh stop"
}

stop() {
    local what
    what=$(cat "$started" 2>/dev/null) || { say "nothing to stop: no engine was started here"; return; }
    rm -f "$started"
    if [ "$what" = systemd ]; then
        systemctl stop docker.socket docker
    elif is_dockerd "$what"; then
        kill "$what"
        until_true "$STOP_TIMEOUT_S" is_gone "$what" || die "dockerd (pid $what) does not stop"
    fi
    say "stopped"
}

case ${1:-up} in
up) up ;;
stop) stop ;;
answers) answers >/dev/null ;;
*) die "usage: engine.sh [up|stop|answers]" ;;
esac

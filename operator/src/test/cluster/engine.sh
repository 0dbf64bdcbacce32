#!/bin/bash
# Makes sure that a Docker engine answers: the one that is there, else one installed and started here (root on Debian).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
state="$root/.cluster"
log="$state/logs/engine.log"
pidfile=/var/run/docker.pid
runtime=/usr/local/libexec/staging-cluster/runc-bounded

answers() { timeout 20 docker version --format '{{.Server.Version}}' 2>/dev/null; }

install_engine() {
  [ "$(id -u)" = 0 ] || fail "no Docker engine answers and only root can install one: start Docker, set DOCKER_HOST, or run as root"
  command -v apt-get >/dev/null || fail "no Docker engine answers: install Docker, or set DOCKER_HOST to one"
  step "installing the Docker engine (docker.io, debootstrap)"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    docker.io debootstrap iptables; } >"$log" 2>&1 </dev/null || fail "the Docker engine could not be installed: see $log"
  done_step
}

# An engine killed hard leaves its pid file and its containerd's. The number may by now belong to another program, or to a
# zombie, which keeps its name but has no executable any more: dockerd then refuses to start, or waits for a dead containerd.
clear_stale_pid() {
  local file=$1 program=$2
  [ -f "$file" ] || return 0
  case $(readlink "/proc/$(cat "$file")/exe" || true) in
    */"$program") ;;
    *) rm -f "$file" ;;
  esac
}

# Docker hands a privileged container every capability there is, and runc refuses those this machine withholds.
runtime_arguments() {
  local have last
  have=$((16#$(awk '/^CapBnd/ {print $2}' /proc/self/status)))
  last=$(cat /proc/sys/kernel/cap_last_cap)
  if [ "$have" != $(((1 << (last + 1)) - 1)) ]; then
    # Outside the checkout: the engine outlives it.
    command install -D -m 755 "$here/runc-bounded.py" "$runtime"
    echo "--add-runtime bounded=$runtime --default-runtime bounded"
  fi
}

start() {
  [ "$(id -u)" = 0 ] || fail "no Docker engine answers and only root can start one: start Docker, or set DOCKER_HOST"
  step "starting the Docker engine"
  clear_stale_pid "$pidfile" dockerd
  clear_stale_pid /var/run/docker/containerd/containerd.pid containerd
  # shellcheck disable=SC2046 # the words are separate arguments
  setsid nohup dockerd $(runtime_arguments) >>"$log" 2>&1 </dev/null &
  for _ in $(seq 120); do
    if answers >/dev/null; then
      done_step
      return
    fi
    sleep 0.5
  done
  fail "the Docker engine did not start within a minute: see $log"
}

mkdir -p "$state/logs"
version=$(answers || true)
if [ -z "$version" ]; then
  [ -z "${DOCKER_HOST:-}" ] || fail "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST"
  command -v dockerd >/dev/null || install_engine
  start
  version=$(answers)
fi
say "Docker engine $version"

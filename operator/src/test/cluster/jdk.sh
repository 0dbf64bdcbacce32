#!/bin/bash
# Prints the home of a JDK 25 or newer and makes sure that Maven is there; as root on Debian installs what is missing.
set -euo pipefail
. "$(dirname "$0")/lib/say.sh"
wanted=25

installs() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install_package() {
  mkdir -p "$root/.cluster/logs"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$1"; } \
    >"$root/.cluster/logs/install-$1.log" 2>&1 </dev/null
}

good() { [ -x "$1/bin/javac" ] && [ "$("$1/bin/javac" -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')" -ge $wanted ]; }
home() {
  local candidate path
  path=$(readlink -f "$(command -v javac || true)" || true)
  for candidate in "${JAVA_HOME:-}" "${path%/bin/javac}" /usr/lib/jvm/*; do
    if [ -n "$candidate" ] && good "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if ! home >/dev/null && installs && apt-cache show "openjdk-$wanted-jdk-headless" >/dev/null 2>&1; then
  install_package "openjdk-$wanted-jdk-headless" || true
fi
home >/dev/null || fail "no JDK $wanted or newer: install one (Temurin $wanted for instance) below /usr/lib/jvm or set JAVA_HOME to it"
if ! command -v mvn >/dev/null; then
  ! installs || install_package maven || true
  command -v mvn >/dev/null || fail "Maven is missing: install Maven 3.8 or newer, so that mvn is on PATH"
fi
home

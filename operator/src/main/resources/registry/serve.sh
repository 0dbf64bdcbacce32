#!/bin/sh
# Serves the registry. What deleted images held is freed while it does not serve, for nobody may push meanwhile: at the
# start, and whenever an image was deleted. That takes a second or two and touches no image that is still there.
#
# Environment: CONFIG, the registry's configuration; DATA, its root folder; LOOK, seconds between two looks for deleted
# images; WORK, a folder for notes.
set -u
WORK=${WORK:-/tmp}
repositories=$DATA/docker/registry/v2/repositories

# The registry leaves an empty folder where a manifest was. It begins one with it too: it counts once it stood at the
# look before, or a push would be broken off.
any_deleted() {
  for manifest in "$repositories"/*/_manifests/revisions/*/*; do
    [ ! -d "$manifest" ] || [ -e "$manifest/link" ] || [ ! "$manifest" -ot "$WORK/looked" ] || return 0
  done
  return 1
}

collect() {
  [ -d "$repositories" ] || return 0
  registry garbage-collect "$CONFIG" >"$WORK/collected" 2>&1 || {
    tail -n 5 "$WORK/collected"
    echo 'images that were deleted still take their room'
  }
  rmdir "$repositories"/*/_manifests/revisions/*/* 2>/dev/null
}

# watch SERVER: ends the server when an image was deleted.
watch() {
  while touch "$WORK/looked" && sleep "$LOOK"; do
    if any_deleted; then
      echo 'images were deleted: their room is freed'
      touch "$WORK/deleted"
      kill -TERM "$1"
      return
    fi
  done
}

server=
trap '[ -z "$server" ] || { kill -TERM "$server"; wait "$server"; }; exit 0' TERM INT
while :; do
  rm -f "$WORK/deleted"
  collect
  registry serve "$CONFIG" &
  server=$!
  watch "$server" &
  watcher=$!
  wait "$server"
  code=$?
  kill "$watcher" 2>/dev/null
  [ -e "$WORK/deleted" ] || exit "$code"
done

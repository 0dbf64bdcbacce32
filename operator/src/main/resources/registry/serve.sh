#!/bin/sh
# Serves the registry. What deleted images held is freed while it does not serve, for nobody may push meanwhile: at the
# start, and whenever an image was deleted. That takes a second or two and touches no image that is still there.
#
# Environment: CONFIG, the registry's configuration; DATA, its root folder; LOOK, seconds between two looks for deleted
# images; WORK, a folder for notes.
set -u
WORK=${WORK:-/tmp}
repositories=$DATA/docker/registry/v2/repositories

images() { find "$repositories" -path '*/_manifests/revisions/*/link' 2>/dev/null | sort; }

collect() {
  [ -d "$repositories" ] || return 0
  registry garbage-collect "$CONFIG" >"$WORK/collected" 2>&1 || {
    tail -n 5 "$WORK/collected"
    echo 'images that were deleted still take their room'
  }
}

# watch SERVER BEFORE: ends the server when one of the images from before is gone.
watch() {
  before=$2
  while sleep "$LOOK"; do
    now=$(images)
    if [ -n "$before" ] && printf '%s\n' "$before" | grep -qvxF "$now"; then
      echo 'images were deleted: their room is freed'
      touch "$WORK/deleted"
      kill -TERM "$1"
      return
    fi
    before=$now
  done
}

server=
trap '[ -z "$server" ] || { kill -TERM "$server"; wait "$server"; }; exit 0' TERM INT
while :; do
  rm -f "$WORK/deleted"
  collect
  before=$(images)
  registry serve "$CONFIG" &
  server=$!
  watch "$server" "$before" &
  watcher=$!
  wait "$server"
  code=$?
  kill "$watcher" 2>/dev/null
  [ -e "$WORK/deleted" ] || exit "$code"
done

#!/bin/sh
# Before PostgreSQL starts: the image's init scripts and those of the spec in one folder, where the entry point finds them
# in the order of their names. Of two with the same name the spec's counts, as with a file that is mounted over another.
# Leaves the major version of the data, or of the image while there is none, as its last message.
set -eu
OWN=${OWN:-/docker-entrypoint-initdb.d} GIVEN=${GIVEN:-/run/postgres-init} ALL=${ALL:-/run/init}
RESULT=${RESULT:-/dev/termination-log}
for from in "$OWN" "$GIVEN"; do
  for file in "$from"/*; do
    [ -e "$file" ] || continue
    rm -rf "$ALL/${file##*/}"
    # Through the links of a ConfigMap; a script that can be executed stays so.
    cp -RL "$file" "$ALL/"
  done
done
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  for other in "$VOLUME"/pgdata "$VOLUME"/[0-9]*/docker; do
    [ -s "$other/PG_VERSION" ] || continue
    echo "FATAL:  the volume holds data of PostgreSQL $(cat "$other/PG_VERSION"), which spec.services.postgres.version leaves" \
      "aside: set version back to that, or move the data by a backup into a new environment" >&2
    exit 1
  done
fi
version=$(postgres --version | sed -n 's/.*) \([0-9][0-9]*\).*/\1/p')
if [ -s "$PGDATA/PG_VERSION" ]; then
  data=$(cat "$PGDATA/PG_VERSION")
  if [ -n "$version" ] && [ "$data" != "$version" ]; then
    echo "FATAL:  the data is of PostgreSQL $data, the image of $version, which cannot read it: give an image of $data, or" \
      "move the data by a backup into a new environment" >&2
    exit 1
  fi
fi
printf %s "$version" >"$RESULT"

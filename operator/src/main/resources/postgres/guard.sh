# Read by bash before the image's own entry point, which BASH_ENV asks for: so the image keeps its ENTRYPOINT and CMD.
# A database whose initialisation did not end is made again, while the application has never been let near it.
#
# Beside the data: .initialisation-started from before the entry point meets an empty volume, .initialisation-ended once
# the server was reached over TCP (up.sh). A volume that has neither holds a database of before these marks: complete.
staging_guard() {
  local place=${PGDATA%/*} start=${START:-/run/postgres-start}
  if [ -e "$place/.initialisation-started" ] && [ ! -e "$place/.initialisation-ended" ] && [ -e "$PGDATA" ]; then
    if [ -e "$start/served" ]; then
      echo "FATAL:  the initialisation of $PGDATA never ended, though the application has been run with the database: it is" \
        "left as it is; if it is complete, remove $place/.initialisation-started, else restore a backup" >&2
      exit 1
    fi
    echo "the initialisation of $PGDATA did not end, and nothing has used the database yet: it is made again"
    rm -rf -- "$PGDATA" || exit 1
  fi
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$place" && rm -f "$place/.initialisation-ended" && : >"$place/.initialisation-started" && sync || exit 1
  fi
}
case $0 in docker-entrypoint.sh | */docker-entrypoint.sh) staging_guard ;; esac
unset -f staging_guard

#!/bin/sh
# Whether PostgreSQL is up: over TCP, for while the database is made the server listens on its socket only. The first time
# that says that the initialisation ended, which is noted beside the data before anything can use the database (guard.sh).
place=${PGDATA%/*}
pg_isready -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" || exit
[ -e "$place/.initialisation-started" ] || exit 0
# The second mark is on the disk before the first one goes: with both, the database is complete.
: >"$place/.initialisation-ended" && sync && rm "$place/.initialisation-started"

#!/bin/sh
# One task on the environment's database: task.sh backup | copy | check | restore | seed | prepare | reset.
#
# Environment: PGHOST, PGUSER, PGPASSWORD, PGDATABASE as libpq takes them; KEEP, how many backups stay; TASK_ID, the
# same at every attempt of one request; FILE, the dump to load, or "latest".
# Folders: $BACKUPS the backup volume, $SEED the seed, $INIT the init SQL; each may be absent.
# Exit 0: done, the last message says what. 3: refused, nothing was touched, another attempt cannot help. Else: failed,
# the database is as it was, another attempt may help.
#
# What is loaded is built in a database of its own beside the live one, which then takes its name in one transaction:
# whenever this is killed, the name stands for either the whole old state or the whole new one.
set -eu
umask 077
BACKUPS=${BACKUPS:-/backups} SEED=${SEED:-/seed} INIT=${INIT:-/init}
WORK=${WORK:-/tmp} RESULT=${RESULT:-/dev/termination-log}
LIVE=$PGDATABASE NEW=staging_task_new OLD=staging_task_old
# Present in every server, whatever the live database is called.
NEUTRAL=template1
SAFETY_COPIES=3
# What is being written; another task may write at the same time.
PARTIAL=$BACKUPS/.partial.$TASK_ID
STAMP='[0-9]\{8\}T[0-9]\{6\}Z'

failed() { echo "failed: $*" >&2; exit 1; }
refused() { echo "refused: $*" >&2; exit 3; }
done_with() { echo "$*"; echo "$*" >"$RESULT"; }
sql() { psql --no-psqlrc -q -v ON_ERROR_STOP=1 "$@"; }
checksum() { sum=$(sha256sum <"$1") && [ -n "$sum" ] && echo "${sum%% *}"; }
# In the order of their times; names of another environment's dumps may begin otherwise.
dumps() { ls -1 "$1" 2>/dev/null | grep -- "-$STAMP\.dump\$" | sed "s/^\(.*-\)\($STAMP\)\.dump\$/\2 &/" | sort -r | cut -d ' ' -f 2; }

# What did not become anything is not left lying about.
clean_up() {
  rm -f "$PARTIAL".*
  [ -z "$building" ] || echo "DROP DATABASE IF EXISTS $NEW WITH (FORCE);" | sql -d "$NEUTRAL"
}
building=
trap clean_up EXIT

# dump NAME: a backup gets its name only when it is whole, readable and has its checksum.
dump() {
  partial=$PARTIAL.$1
  rm -f "$PARTIAL".*
  # Of tasks that were killed and not tried again.
  find "$BACKUPS" -maxdepth 1 -name '.partial.*' -mmin +60 -exec rm -f {} + || true
  pg_dump -Fc -f "$partial" "$LIVE" || failed "pg_dump did not finish"
  pg_restore --list "$partial" >/dev/null || failed "pg_restore cannot read what pg_dump wrote"
  made=$(checksum "$partial") || failed "the checksum cannot be made"
  echo "$made  $1" >"$partial.sha256" || failed "the checksum cannot be written"
  sync
  mv "$partial.sha256" "$BACKUPS/$1.sha256"
  mv "$partial" "$BACKUPS/$1"
}

# keep_newest NUMBER: of the names on standard input, newest first.
keep_newest() {
  tail -n "+$(($1 + 1))" | while read -r name; do
    rm -f "$BACKUPS/$name" "$BACKUPS/$name.sha256"
    echo "removed $name, for $1 newer ones are there"
  done
}

backup() {
  name=$LIVE-$(date -u +%Y%m%dT%H%M%SZ).dump
  dump "$name"
  dumps "$BACKUPS" | keep_newest "$KEEP"
  done_with "file=$name bytes=$(wc -c <"$BACKUPS/$name" | tr -d ' ')"
}

# The state before a restore, a reset or a migration. A second attempt finds the first one's: by then the database may be changed.
safety_copy() {
  [ -d "$BACKUPS" ] || return 0
  copy=$LIVE-before-$1-$TASK_ID.dump
  [ -f "$BACKUPS/$copy" ] || dump "$copy"
  ls -1t "$BACKUPS" | grep -- "-before-$1-.*\.dump\$" | keep_newest "$SAFETY_COPIES"
}

# For one Job alone: what a Job before it kept may be another state.
copy() {
  TASK_ID=${TASK_ID%%-*}
  safety_copy migration
  done_with "kept as $copy"
}

# verified FOLDER NAME: refuses a dump that is not what was written.
verified() {
  path=$1/$2
  if [ ! -f "$path" ]; then
    present=$(dumps "$1" | head -n 5 | tr '\n' ' ')
    refused "there is no file $2; the newest backups are: ${present:-none}"
  fi
  [ -f "$path.sha256" ] || refused "$2 has no checksum $2.sha256 beside it"
  written=$(cut -d ' ' -f 1 <"$path.sha256")
  found=$(checksum "$path") || failed "$2 cannot be read"
  [ "$written" = "$found" ] || refused "$2 is damaged: its SHA-256 is not the one it was written with"
  pg_restore --list "$path" >/dev/null || refused "$2 cannot be read by pg_restore"
}

# chosen FOLDER: the name of the dump that FILE asks for.
chosen() {
  if [ "$FILE" != latest ]; then echo "$FILE"; else dumps "$1" | head -n 1; fi
}

check() {
  name=$(chosen "$BACKUPS")
  [ -n "$name" ] || refused "the backup volume holds no backup"
  verified "$BACKUPS" "$name"
  done_with "$name is good"
}

# new_database TEMPLATE
new_database() {
  building=yes
  tries=0
  # A session of an attempt that was killed may still be making the same one.
  until sql -d "$NEUTRAL" -v new="$NEW" -v old="$OLD" -v template="$1" <<'SQL'
SET client_min_messages = warning;
DROP DATABASE IF EXISTS :"old" WITH (FORCE);
DROP DATABASE IF EXISTS :"new" WITH (FORCE);
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :'template' AND pid <> pg_backend_pid() \g /dev/null
CREATE DATABASE :"new" TEMPLATE :"template";
SQL
  do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || failed "no database can be made beside $LIVE"
    sleep 1
  done
}

# The new database takes the live one's settings (ALTER DATABASE ... SET) and its name.
take_over() {
  sql -d "$NEUTRAL" -v new="$NEW" -v live="$LIVE" <<'SQL' || failed "the settings of the database cannot be carried over"
SELECT format('ALTER %s %I SET %I TO %s',
              CASE setrole WHEN 0 THEN 'DATABASE' ELSE format('ROLE %I IN DATABASE', pg_get_userbyid(setrole)) END,
              :'new', name,
              CASE WHEN value <> '' AND name IN ('search_path', 'temp_tablespaces', 'session_preload_libraries',
                                                 'local_preload_libraries')
                   THEN value ELSE quote_literal(value) END)
FROM pg_db_role_setting
JOIN pg_database ON pg_database.oid = setdatabase
CROSS JOIN LATERAL unnest(setconfig) AS setting
CROSS JOIN LATERAL (SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value) AS parts
WHERE datname = :'live'
\gexec
SQL
  tries=0
  # A session that comes in between closing them all and the change of names makes the latter fail.
  until sql -d "$NEUTRAL" -v new="$NEW" -v live="$LIVE" -v old="$OLD" <<'SQL'
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN (:'live', :'new') \g /dev/null
BEGIN;
ALTER DATABASE :"live" RENAME TO :"old";
ALTER DATABASE :"new" RENAME TO :"live";
COMMIT;
SQL
  do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || failed "the database stays in use"
    sleep 1
  done
  building=
  sql -d "$NEUTRAL" -v old="$OLD" <<'SQL' || echo "the database that was replaced is dropped at the next task"
DROP DATABASE IF EXISTS :"old" WITH (FORCE);
SQL
}

# load FILE: into the new database.
load() {
  echo "loading ${1##*/}"
  if [ "$(head -c 5 "$1")" = PGDMP ]; then
    pg_restore --exit-on-error --clean --if-exists --no-owner -d "$NEW" "$1"
    return
  fi
  case $1 in
    *.gz) gunzip -c "$1" >"$WORK/load.sql" && sql -d "$NEW" -f "$WORK/load.sql" >/dev/null ;;
    *) sql -d "$NEW" -f "$1" >/dev/null ;;
  esac
}

restore() {
  name=$(chosen "$BACKUPS")
  [ -n "$name" ] || refused "the backup volume holds no backup"
  verified "$BACKUPS" "$name"
  safety_copy restore
  new_database template0
  load "$BACKUPS/$name" || failed "$name cannot be loaded"
  take_over
  done_with "put back to $name; the state before is kept as $copy"
}

# The file of the seed's volume that is to be loaded.
chosen_seed() {
  name=$(chosen "$SEED")
  [ -n "$name" ] || refused "the seed's volume holds no backup"
  [ -f "$SEED/$name" ] || refused "the seed's volume holds no file $name"
  # What our own backups wrote has its checksum beside it.
  [ ! -f "$SEED/$name.sha256" ] || verified "${SEED}/$(dirname "$name")" "$(basename "$name")"
}

load_seed() {
  if [ -n "${FILE:-}" ]; then
    chosen_seed
    load "$SEED/$name" || failed "$name cannot be loaded"
    return
  fi
  for file in "$SEED"/*; do
    [ -f "$file" ] || continue
    load "$file" || failed "${file##*/} cannot be loaded"
  done
}

seed() {
  new_database "$LIVE"
  load_seed
  take_over
  done_with "loaded ${name:-the files of the ConfigMap}"
}

# As the image's entry point does when the database is created.
run_init() {
  for file in "$INIT"/*; do
    case $file in
      *.sql)
        if grep -Eiq '^[[:space:]]*\\c(onnect)?[[:space:]]+[^[:space:]]' "$file"; then
          refused "${file##*/} connects to a database by name, and so cannot run in a new one: leave the connecting out"
        fi
        load "$file" || failed "${file##*/} failed" ;;
      *.sql.gz) load "$file" || failed "${file##*/} failed" ;;
      *.sh)
        echo "running ${file##*/}"
        PGDATABASE=$NEW POSTGRES_DB=$NEW POSTGRES_USER=$PGUSER bash -e "$file" || failed "${file##*/} failed" ;;
    esac
  done
}

# What a reset needs is here, as far as can be told while the application goes on.
prepare() {
  [ -z "${FILE:-}" ] || chosen_seed
  echo 'SELECT;' | sql -d "$NEUTRAL" >/dev/null || failed "the server lets nobody in"
  done_with "the database can be created anew"
}

reset() {
  copy=
  safety_copy reset
  new_database template1
  run_init
  [ ! -d "$SEED" ] || load_seed
  take_over
  done_with "created anew${copy:+; the state before is kept as $copy}"
}

case ${1:-} in
  backup | copy | check | restore | seed | prepare | reset) "$1" ;;
  *) refused "unknown task ${1:-}" ;;
esac

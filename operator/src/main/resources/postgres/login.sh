#!/bin/sh
# Changes who may log in to PostgreSQL: login.sh admit | retire | disown. Each can be done any number of times.
#   admit    ROLE may log in with the password NEW, and every session of it is the owner's.
#   retire   ROLE may no longer log in; its sessions end.
#   disown   the owner, ROLE, gets the password NEW, and its sessions from outside end.
# Environment: PGHOST, PGDATABASE as libpq takes them; PGUSER and PGPASSWORD, the owner's; ROLE and NEW.
# Exit 3: refused, another attempt cannot help.
set -eu
MARK='login of staging-operator' NEUTRAL=template1
failed() { echo "failed: $*" >&2; exit 1; }
refused() { echo "refused: $*" >&2; exit 3; }
sql() { psql --no-psqlrc -q -v ON_ERROR_STOP=1 -d "$NEUTRAL" -v role="$ROLE" -v owner="$PGUSER" -v mark="$MARK" "$@"; }

# psql makes the verifier itself, so the server and its log never see the password.
set_password() {
  printf '%s\n%s\n' "$NEW" "$NEW" | sql -c "\\password \"$ROLE\"" >/dev/null 2>"$ERRORS" || failed "$(cat "$ERRORS")"
}
ERRORS=${TMPDIR:-/tmp}/errors

# can_log_in USER PASSWORD: prints who the session is.
can_log_in() { PGUSER=$1 PGPASSWORD=$2 psql --no-psqlrc -w -Atqc 'SELECT current_user'; }

ours() {
  foreign=$(sql -At <<'SQL'
SELECT count(*) FROM pg_roles WHERE rolname = :'role' AND shobj_description(oid, 'pg_authid') IS DISTINCT FROM :'mark';
SQL
  ) || failed "PostgreSQL cannot be asked"
  [ "$foreign" = 0 ] || refused "role $ROLE exists and is not the operator's: rename or drop it"
}

admit() {
  ours
  # The owner's settings count at login only, so the role gets the same.
  sql <<'SQL' || failed "role $ROLE cannot be made"
BEGIN;
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
\gexec
COMMENT ON ROLE :"role" IS :'mark';
GRANT :"owner" TO :"role";
ALTER ROLE :"role" RESET ALL;
SELECT format('ALTER ROLE %I %s SET %I TO %s', :'role',
              CASE WHEN datname IS NULL THEN '' ELSE format('IN DATABASE %I', datname) END, name,
              CASE WHEN value <> '' AND name IN ('search_path', 'temp_tablespaces', 'session_preload_libraries',
                                                 'local_preload_libraries')
                   THEN value ELSE quote_literal(value) END)
FROM pg_db_role_setting
LEFT JOIN pg_database ON pg_database.oid = setdatabase
CROSS JOIN LATERAL unnest(setconfig) AS setting
CROSS JOIN LATERAL (SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value) AS parts
WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = :'owner')
\gexec
ALTER ROLE :"role" SET role = :"owner";
COMMIT;
SQL
  set_password
  sql -c "ALTER ROLE \"$ROLE\" LOGIN VALID UNTIL 'infinity'" || failed "role $ROLE cannot be let in"
  [ "$(can_log_in "$ROLE" "$NEW")" = "$PGUSER" ] || failed "$ROLE logs in, but not as $PGUSER"
}

retire() {
  ours
  sql <<'SQL' || failed "role $ROLE cannot be shut out"
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', :'role') WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
\gexec
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'role' \g /dev/null
SQL
}

disown() {
  # An attempt before this one may have got as far.
  can_log_in "$PGUSER" "$NEW" >/dev/null 2>&1 || set_password
  export PGPASSWORD="$NEW"
  sql <<'SQL' || failed "the sessions of $ROLE cannot be ended"
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = :'role' AND client_addr IS NOT NULL AND pid <> pg_backend_pid() \g /dev/null
SQL
}

case ${1:-} in
  admit | retire | disown) "$1" ;;
  *) refused "unknown verb ${1:-}" ;;
esac

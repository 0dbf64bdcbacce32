#!/bin/sh
# Changes which passwords Redis accepts: login.sh accept. It can be done any number of times.
# Environment: REDIS_HOST; REDISCLI_AUTH, the password of the operator's own user; PASSWORD and, if there are to be two,
# OTHER; SINCE, seconds since 1970: sessions from before it are ended, if it is set.
set -eu
failed() { echo "failed: $*" >&2; exit 1; }
ask() { redis-cli -h "$REDIS_HOST" --user operator --no-auth-warning "$@"; }
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
greets() { REDISCLI_AUTH=$1 redis-cli -h "$REDIS_HOST" --no-auth-warning ping; }

accept() {
  rules="#$(hash "$PASSWORD")"
  [ -z "${OTHER:-}" ] || rules="$rules #$(hash "$OTHER")"
  answer=$(ask ACL SETUSER default on resetpass $rules)
  [ "$answer" = OK ] || failed "Redis answers $answer"
  for password in "$PASSWORD" "${OTHER:-$PASSWORD}"; do
    answer=$(greets "$password")
    [ "$answer" = PONG ] || failed "a password is not accepted: Redis answers $answer"
  done
  [ -z "${SINCE:-}" ] || end_sessions $(($(date +%s) - SINCE))
}

# end_sessions SECONDS: those that are older. The application's are younger by now, or it connects again.
end_sessions() {
  ask CLIENT LIST | grep ' user=default ' | sed 's/^id=\([0-9]*\) .* age=\([0-9]*\) .*/\1 \2/' |
    while read -r id age; do
      [ "$age" -le "$1" ] || ask CLIENT KILL ID "$id" >/dev/null
    done
}

case ${1:-} in
  accept) "$1" ;;
  *) failed "unknown verb ${1:-}" ;;
esac

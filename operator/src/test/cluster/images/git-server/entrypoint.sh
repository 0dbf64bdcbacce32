#!/bin/sh
# Makes the repositories that are not there yet, then serves them.
set -eu
for name in $REPOSITORIES; do
  repository=/srv/git/$name.git
  [ -d "$repository" ] || git init --quiet --bare --initial-branch=main "$repository"
  git -C "$repository" config http.receivepack true
  # A commit may be asked for by its hash.
  git -C "$repository" config uploadpack.allowReachableSHA1InWant true
done
[ -e /etc/git-server/users ] || touch /etc/git-server/users
exec lighttpd -D -f /usr/local/lib/git-server/lighttpd.conf

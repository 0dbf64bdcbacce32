#!/bin/bash
# Generates what is generated again, checks the format, and fails when the working copy differs afterwards.
set -euo pipefail
. "$(dirname "$0")/lib/say.sh"
cd "$root"
mvn -B -ntp -q process-test-classes spotless:check
generated=(crds manifests)
[ ! -d docs/reference ] || generated+=(docs/reference)
git diff --exit-code -- "${generated[@]}" || fail "generated files differ from the committed ones: commit the diff above"
# A file that is new does not show in a diff.
new=$(git ls-files --others --exclude-standard -- "${generated[@]}")
[ -z "$new" ] || fail "generated, but not committed: $new"
say "generated files and format are as committed"

#!/bin/bash
# Runs tiers of tests through Maven and ends with what passed, what failed and how long each tier took.
#   test.sh all|unit|it|e2e|faults|bench [Maven options]
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
tier=$1
shift
cd "$root" || exit 1
reports=operator/target
rm -rf $reports/surefire-reports $reports/failsafe-reports

case $tier in
  unit) mvn -B -ntp -Dstyle.color=never test "$@" ;;
  it) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='*IT' -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  e2e) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='*E2E' -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  faults) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='RoundTripIT,CrashIT,CommitCrashIT' -Dfailsafe.failIfNoSpecifiedTests=false -Dfaults=all "$@" ;;
  bench) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='Figures' -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  all) mvn -B -ntp -Dstyle.color=never verify "$@" ;;
  *) fail "unknown tier $tier: all, unit, it, e2e, faults or bench" ;;
esac
status=$?

# One line a tier, then the sum; a broken build with no failed test fails too.
awk -v status=$status '
  function value(name,  rest) {
    if (!match($0, " " name "=\"[0-9.,]*\"")) return 0
    rest = substr($0, RSTART, RLENGTH); gsub(/[^0-9.]/, "", rest); return rest + 0
  }
  FNR == 1 { tier = FILENAME ~ /E2E\.xml$/ ? "end-to-end" : FILENAME ~ /IT\.xml$/ ? "integration" : "unit" }
  /<testsuite / {
    bad = value("errors") + value("failures"); skipped += value("skipped")
    run[tier] += value("tests"); failed[tier] += bad; time[tier] += value("time"); all += value("tests"); wrong += bad
  }
  END {
    print ""
    split("unit integration end-to-end", order, " ")
    for (i = 1; i <= 3; i++) if (order[i] in run)
      printf "%-12s %4d tests, %d failed, %.1f s\n", order[i], run[order[i]], failed[order[i]], time[order[i]]
    printf "%d passed, %d failed%s\n", all - wrong - skipped, wrong, skipped ? ", " skipped " skipped" : ""
    exit status != 0 || wrong > 0 || all == 0
  }' $(find $reports/surefire-reports $reports/failsafe-reports -name 'TEST-*.xml' 2>/dev/null) /dev/null

#!/bin/bash
# Runs tiers of tests through Maven and ends with what passed, what failed and how long each tier took.
#   test.sh all|unit|it|e2e|faults|bench|gitops [Maven options]
#   test.sh class <name of a class on a cluster> [Maven options]: on a cluster that stays for the next time
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
tier=$1
shift
class=
if [ "$tier" = class ]; then class=${1:?the name of a test class is missing} && shift; fi
cd "$root" || exit 1
reports=operator/target
rm -rf $reports/surefire-reports $reports/failsafe-reports $reports/waiting
mkdir -p $reports/waiting

# What surefire and failsafe order classes by: how long each took. Those that longest.txt does not name come last.
find operator/src/test/java -name '*Test.java' -o -name '*IT.java' -o -name '*E2E.java' | sort | awk -v names="$here/longest.txt" '
  BEGIN { while ((getline name <names) > 0) if (name !~ /^#/) place[name] = ++n }
  {
    class = $0; sub(/^operator\/src\/test\/java\//, "", class); sub(/\.java$/, "", class); gsub(/\//, ".", class)
    name = class; sub(/.*\./, "", name)
    print "1," (name in place ? 1000 - place[name] : 1) "," class ",all"
  }' | tee operator/.surefire-unit-order >operator/.surefire-order

case $tier in
  unit) mvn -B -ntp -Dstyle.color=never test "$@" ;;
  it) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='*IT' -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  e2e) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='*E2E' -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  faults) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='RoundTripIT,CrashIT,CommitCrashIT' -Dfailsafe.failIfNoSpecifiedTests=false -Dfaults=all "$@" ;;
  bench) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='Figures,FloorFigures,ScaleFigures' -Dclusters=1 -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  gitops) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='WithArgoCd,WithFlux' -Dfailsafe.failIfNoSpecifiedTests=false "$@" ;;
  class) mvn -B -ntp -Dstyle.color=never verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test="$class" -Dclusters=1 -Dcluster.kept=true "$@" ;;
  all) mvn -B -ntp -Dstyle.color=never verify "$@" ;;
  *) fail "unknown tier $tier: all, unit, it, e2e, faults, bench, gitops or class" ;;
esac
status=$?

# The slowest classes, one line a tier, then the sum; a broken build with no failed test fails too.
cat $reports/waiting/* 2>/dev/null >$reports/waiting.txt
awk -v status=$status -v waiting=$reports/waiting.txt '
  BEGIN { while ((getline line <waiting) > 0) { split(line, part, " "); waited[part[1]] = part[2]; waits += part[2] } }
  function value(name,  rest) {
    if (!match($0, " " name "=\"[0-9.,]*\"")) return 0
    rest = substr($0, RSTART, RLENGTH); gsub(/[^0-9.]/, "", rest); return rest + 0
  }
  FNR == 1 {
    tier = FILENAME ~ /surefire-reports/ ? "unit" : FILENAME ~ /IT\.xml$/ ? "integration" : "end-to-end"
    class = FILENAME; sub(/\.xml$/, "", class); sub(/.*\./, "", class)
  }
  /<testsuite / {
    bad = value("errors") + value("failures"); skipped += value("skipped")
    run[tier] += value("tests"); failed[tier] += bad; time[tier] += value("time"); all += value("tests"); wrong += bad
    took[class] += value("time")
  }
  END {
    print "\nslowest classes:"
    for (n = 0; n < 15; n++) {
      slowest = ""
      for (class in took) if (slowest == "" || took[class] > took[slowest]) slowest = class
      if (slowest == "" || took[slowest] < 5) break
      printf "%8.1f s  %s%s\n", took[slowest], slowest,
        slowest in waited ? sprintf(" (%.0f s of it waiting for conditions)", waited[slowest]) : ""
      delete took[slowest]
    }
    printf "all classes waited %.0f s for conditions\n\n", waits
    split("unit integration end-to-end", order, " ")
    for (i = 1; i <= 3; i++) if (order[i] in run)
      printf "%-12s %4d tests, %d failed, %.1f s\n", order[i], run[order[i]], failed[order[i]], time[order[i]]
    printf "%d passed, %d failed%s\n", all - wrong - skipped, wrong, skipped ? ", " skipped " skipped" : ""
    exit status != 0 || wrong > 0 || all == 0
  }' $(find $reports/surefire-reports $reports/failsafe-reports -name 'TEST-*.xml' 2>/dev/null) /dev/null

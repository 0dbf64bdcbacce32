#!/bin/bash
# run.sh run|stop: builds what is needed and hands over to the program that owns the cluster.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
cd "$root"
classes=operator/target/test-classes/ru/scoliologic/staging/throwaway/Run.class
if [ "$1" = run ] || [ ! -f "$classes" ] || [ ! -f operator/target/test-classpath ]; then
  step "building the operator"
  mkdir -p .cluster/logs
  mvn -B -ntp -q -DskipTests package >.cluster/logs/build.log 2>&1 || fail "the operator could not be built: see $root/.cluster/logs/build.log"
  done_step
fi
if [ "$1" = run ]; then "$here/images.sh" --run; fi
# A copy, so that a build meanwhile does not pull the classes away.
rm -rf .cluster/classes && mkdir -p .cluster/classes && cp -r operator/target/test-classes/. operator/target/classes/. .cluster/classes/
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
  -Dlogback.configurationFile="$here/logback-run.xml" \
  -cp ".cluster/classes:$(cat operator/target/test-classpath)" \
  ru.scoliologic.staging.throwaway.Run "$1"

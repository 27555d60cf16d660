#!/usr/bin/env bash
# Compares the jar, the jar with an AOT cache, and the native executable: src/docs/performance.md. Runs from anywhere;
# needs what src/bench/run.sh needs, and GRAALVM_HOME if there is no executable yet. Options: --rounds=N --seconds=S
# --update-docs, --executable=FILE for an existing one; --before=DIR and --before-executable=FILE for those of another
# commit, measured in the same rounds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

for command in h2load openssl taskset git; do
  if ! command -v "$command" > /dev/null; then
    printf 'artefacts.sh: %s is missing\n' "$command" >&2
    exit 1
  fi
done
if [ "$(nproc)" -lt 2 ]; then
  echo 'artefacts.sh: two cores are needed, one for the server and one for the load' >&2
  exit 1
fi

maven() {
  ./mvnw -B -q --no-transfer-progress -DskipTests "$@"
}

executable=
for argument in "$@"; do
  case "$argument" in --executable=*) executable=${argument#*=} ;; esac
done
if [ -z "$executable" ]; then
  maven -Dnative package
  executable=$(echo target/*-runner)
  set -- "$@" "--executable=$executable"
fi
maven package
maven -Pbench package dependency:build-classpath -Dmdep.outputFile=target/bench/classpath
exec taskset -c 1 "$(./mvnw --java-home)/bin/java" -Xmx2g --enable-native-access=ALL-UNNAMED \
  -cp "target/bench/classes:$(cat target/bench/classpath)" dev.keybroker.bench.Artefacts "$@"

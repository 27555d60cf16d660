#!/usr/bin/env bash
# Builds the packaged broker with the bench's no-op rpc, and measures it: src/docs/performance.md. Runs from anywhere;
# needs Linux with two cores, a JDK 25, openssl, taskset and h2load. Options: --rounds=N --seconds=S --count-seconds=S
# --update-docs; --before=DIR for the quarkus-app folder of another commit, measured in the same rounds; or one part alone:
# --audit-only, --tls-only, --keystores-only, --rewraps-only, --peers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

need() {
  if ! command -v "$1" > /dev/null; then
    printf 'run.sh: %s is missing; Debian: apt-get install %s\n' "$1" "$2" >&2
    exit 1
  fi
}
need h2load nghttp2-client
need openssl openssl
need taskset util-linux
need git git

if [ "$(nproc)" -lt 2 ]; then
  echo 'run.sh: two cores are needed, one for the server and one for the load' >&2
  exit 1
fi

./mvnw -B -q --no-transfer-progress -Pbench package \
  dependency:build-classpath -Dmdep.outputFile=target/bench/classpath
exec taskset -c 1 "$(./mvnw --java-home)/bin/java" -Xmx2g --enable-native-access=ALL-UNNAMED \
  -cp "target/bench/classes:$(cat target/bench/classpath)" dev.keybroker.bench.Bench "$@"

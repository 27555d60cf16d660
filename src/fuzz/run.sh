#!/usr/bin/env bash
# Fuzzes the broker's parsers and codecs, each target for some seconds: src/docs/fuzzing.md. Runs from anywhere; needs a
# JDK 25. Usage: run.sh [--jobs=N] [--seed=N] [SECONDS [TARGET...]], 60 seconds, all targets and other inputs each time
# unless said. Fails on a finding.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

jobs=$(nproc)
seed=0
while [ $# -gt 0 ]; do
  case "$1" in
    --jobs=*) jobs=${1#--jobs=} ;;
    --seed=*) seed=${1#--seed=} ;;
    *) break ;;
  esac
  shift
done
seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))
targets=("$@")

./mvnw -B -q --no-transfer-progress -Pfuzz process-classes \
  dependency:build-classpath -Dmdep.outputFile=target/fuzz/classpath
java=$(./mvnw --java-home)/bin/java

if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(find src/fuzz/java -name '*Fuzz.java' -printf '%f\n' | sed 's/\.java$//' | sort)
fi
rm -rf target/fuzz/log
mkdir -p target/fuzz/log target/fuzz/findings

# One target: the corpus stays for the next run, a finding goes to target/fuzz/findings.
fuzz() {
  local target=$1 source class corpus log=target/fuzz/log/$1.log
  source=$(find src/fuzz/java -name "$target.java")
  class=${source#src/fuzz/java/}
  class=${class%.java}
  class=${class//\//.}
  corpus=target/fuzz/corpus/$target
  mkdir -p "$corpus"
  # Netty, which the audit adapter's buffers start, uses Unsafe in a way that Jazzer's hook of it cannot take.
  "$JAVA" -Xmx512m -XX:+UseSerialGC -XX:+EnableDynamicAgentLoading \
    --enable-native-access=ALL-UNNAMED -Dfuzz.corpus="$corpus" \
    -cp "target/fuzz/classes:$(cat target/fuzz/classpath)" com.code_intelligence.jazzer.Jazzer \
    --disabled_hooks=com.code_intelligence.jazzer.sanitizers.UnsafeSanitizer \
    --target_class="$class" --instrumentation_includes='dev.keybroker.**' --instrumentation_excludes='dev.keybroker.v1.**' \
    --reproducer_path=target/fuzz/findings \
    -artifact_prefix="target/fuzz/findings/$target-" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=3072 \
    -seed="$SEED" -max_len=8192 -print_final_stats=1 "$corpus" > "$log" 2>&1
  local status=$?
  # What is not instrumented is not fuzzed, and Jazzer only warns of that.
  if [ $status -eq 0 ] && ! grep -Eq ' cov: [0-9]{2,} ' "$log"; then
    echo "$target covers nothing: see $log" >&2
    status=1
  fi
  local runs cov corp
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  cov=$(grep -Eo ' cov: [0-9]+ ' "$log" | tail -1 | tr -dc 0-9)
  corp=$(find "$corpus" -type f | wc -l)
  printf '%-22s %11s executions %6s edges %6s inputs  %s\n' "$target" "${runs:-?}" "${cov:-?}" "$corp" \
    "$([ $status -eq 0 ] && echo passed || echo "FAILED: $log")"
  if [ $status -ne 0 ]; then
    # What was found, without the stacks of the JVM's own threads that a timeout prints.
    grep -nE -A 12 '^== Java Exception|^ERROR: |^==[0-9]+== ERROR|ALARM|Test unit written|Base64:' "$log" | cut -c 1-400 | head -n 120 >&2
  fi
  return $status
}
export -f fuzz
export SECONDS_EACH=$seconds SEED=$seed JAVA=$java

# `|| exit 1`: xargs then ends with 123 after it has run them all.
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'fuzz {} || exit 1'

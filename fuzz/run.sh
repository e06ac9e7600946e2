#!/bin/sh
# Runs fuzz targets, all unless some are named, and prints a table: fuzz/run.sh RUNS [TARGET...]
# CARGO_TARGET_DIR and FUZZ_ARGUMENTS (of libFuzzer) are passed on.
set -eu

runs=${1:?runs per target}
shift
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list --fuzz-dir .)

# The targets' files: in memory where there is such a place, and removed at the end.
memory=/dev/shm
[ -d "$memory" ] || memory=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$memory/plm-fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

target_dir=${CARGO_TARGET_DIR:-target}
mkdir -p artifacts
printf '%-16s %12s %12s %8s\n' target executions per_second crashes
for target; do
    mkdir -p "corpus/$target" "artifacts/$target"
    log=artifacts/$target.log
    status=0
    cargo +nightly fuzz run --fuzz-dir . --sanitizer none --target-dir "$target_dir" \
        "$target" "corpus/$target" "seeds/$target" -- -runs="$runs" -max_len=4096 \
        -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 ${FUZZ_ARGUMENTS:-} \
        >"$log" 2>&1 || status=$?
    number() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
    printf '%-16s %12s %12s %8s\n' "$target" "$(number number_of_executed_units)" \
        "$(number average_exec_per_sec)" "$([ "$status" -eq 0 ] && echo 0 || echo 1)"
done

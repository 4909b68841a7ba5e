#!/usr/bin/env bash
# Measures the overhead of the harness when everything is built: compares `cargo xtask test` with a
# no-op `cargo build` of the examples for all targets plus the commands of the same cells, run by
# xargs. Needs hyperfine and python3. Compare only figures of the same run of this script, since
# machines differ and timings vary.
set -euo pipefail
cd "$(dirname "$0")/../.."

jobs=$(nproc)
host=$(rustc -vV | sed -n 's/^host: //p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
# The commands need the scratch directories, which contain what this run has left there.
"$xtask" test --keep-scratch --format json > "$work/outcomes.json"
"$xtask" test --list --format json > "$work/cells.json"
python3 xtask/benches/children.py "$work/outcomes.json" "$work/cells.json" > "$work/children"

packages=$(for manifest in examples/*/Cargo.toml examples/*/modules/*/Cargo.toml; do
    printf -- '--package %s ' "$(basename "$(dirname "$manifest")")"
done)
targets="--target $host --target wasm32-wasip1 --target wasm32-wasip2"

# --ignore-failure, because some packages do not build for every target: their snapshots record that.
hyperfine --shell=bash --ignore-failure --warmup 2 --runs "${RUNS:-15}" --export-json "$work/times.json" \
    --command-name "no-op cargo build" "CARGO_ENCODED_RUSTFLAGS= cargo build --quiet --profile example --keep-going $packages $targets 2>/dev/null" \
    --command-name "the commands by xargs" "xargs -P $jobs -L 1 env < $work/children >/dev/null 2>&1" \
    --command-name "cargo xtask test" "cargo xtask test --quiet 2>/dev/null"

python3 - "$work/times.json" "$(wc -l < "$work/children")" <<'EOF'
import json, sys
build, commands, harness = (result["median"] for result in json.load(open(sys.argv[1]))["results"])
print(f"{sys.argv[2]} commands; cargo xtask test takes {harness / (build + commands):.2f} times the build plus the commands")
EOF

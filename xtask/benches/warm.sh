#!/usr/bin/env bash
# Measures what the harness adds: a warm `cargo xtask test` against a no-op `cargo build` of the
# examples for all targets plus the very same children, run by xargs.
# Needs hyperfine and python3. The figures are ratios within one run: machines differ and are noisy.
set -euo pipefail
cd "$(dirname "$0")/../.."

jobs=$(nproc)
host=$(rustc -vV | sed -n 's/^host: //p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
# The folders in which the children run; what they hold is what a run before has left there.
"$xtask" test --keep-scratch --format json > "$work/outcomes.json"
"$xtask" test --list --format json > "$work/cells.json"
python3 xtask/benches/children.py "$work/outcomes.json" "$work/cells.json" > "$work/children"

packages=$(for manifest in examples/*/Cargo.toml examples/*/modules/*/Cargo.toml; do
    printf -- '--package %s ' "$(basename "$(dirname "$manifest")")"
done)
targets="--target $host --target wasm32-wasip1 --target wasm32-wasip2"

# Some packages do not build for some target, which is what their snapshots say: hence the -i.
hyperfine --shell=bash --ignore-failure --warmup 2 --runs "${RUNS:-15}" --export-json "$work/times.json" \
    --command-name "no-op cargo build" "CARGO_ENCODED_RUSTFLAGS= cargo build --quiet --profile example --keep-going $packages $targets 2>/dev/null" \
    --command-name "the children by xargs" "xargs -P $jobs -L 1 env < $work/children >/dev/null 2>&1" \
    --command-name "cargo xtask test" "cargo xtask test --quiet 2>/dev/null"

python3 - "$work/times.json" "$(wc -l < "$work/children")" <<'EOF'
import json, sys
build, children, harness = (result["median"] for result in json.load(open(sys.argv[1]))["results"])
print(f"{sys.argv[2]} children; cargo xtask test takes {harness / (build + children):.2f} times the build plus the children")
EOF

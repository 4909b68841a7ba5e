#!/usr/bin/env bash
# Measures a run after `cargo clean`, when all tools are installed. Compares `cargo xtask test` with
# plain cargo builds of the same packages plus the commands of the same cells, run by xargs with an
# empty compilation cache. Works in a temporary clone. Needs python3 and bc.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet . "$work/clone"
cd "$work/clone"
host=$(rustc -vV | sed -n 's/^host: //p')
cargo xtask test --keep-scratch --format json > "$work/outcomes.json" 2> /dev/null
cargo xtask test --list --format json > "$work/cells.json" 2> /dev/null
cp target/parallax/wasmtime.toml "$work/"
python3 xtask/benches/children.py "$work/outcomes.json" "$work/cells.json" > "$work/children"
packages=() peers=()
for manifest in examples/*/Cargo.toml examples/*/modules/*/Cargo.toml; do
    package=$(basename "$(dirname "$manifest")")
    # A peer is only built for native.
    if grep -qsx "peer = \"$package\"" examples/*/cases.toml; then
        peers+=(--package "$package")
    else
        packages+=(--package "$package")
    fi
done

seconds() {
    local start
    start=$(date +%s.%N)
    "$@" > /dev/null 2>&1 || true
    echo "$(date +%s.%N) - $start" | bc
}
plain() {
    # Like the harness, build without the caller's RUSTFLAGS.
    local -x CARGO_ENCODED_RUSTFLAGS=''
    cargo build --package xtask --package parallax-compose --package parallax-layout
    # Some packages do not build for every target: their snapshots record that.
    cargo build --profile example --keep-going "${packages[@]}" \
        --target "$host" --target wasm32-wasip1 --target wasm32-wasip2 || true
    cargo build --profile example "${peers[@]}" --target "$host"
    mkdir -p target/parallax
    cp "$work/wasmtime.toml" target/parallax/
    xargs -P "$(nproc)" -L 1 env < "$work/children"
}
harness() {
    cargo xtask test --keep-scratch
}
for round in $(seq "${ROUNDS:-3}"); do
    cargo clean --quiet
    a=$(seconds plain)
    cargo clean --quiet
    b=$(seconds harness)
    echo "round $round: plain cargo and the commands $a s, cargo xtask test $b s, ratio $(echo "scale=3; $b / $a" | bc)"
done
# This removes the scratch directories that --keep-scratch has kept.
cargo xtask test --quiet > /dev/null 2>&1

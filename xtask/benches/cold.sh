#!/usr/bin/env bash
# Measures a cold run, after `cargo clean` with all tools there: `cargo xtask test` against plain
# cargo that builds the same, plus the same children, by xargs, with a compilation cache that is as
# cold. It works in a clone of its own and needs python3.
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
    # A peer is built for native alone.
    if grep -qsx "peer = \"$package\"" examples/*/cases.toml; then
        peers+=(--package "$package")
    else
        packages+=(--package "$package")
    fi
done

seconds() {
    local begun
    begun=$(date +%s.%N)
    "$@" > /dev/null 2>&1 || true
    echo "$(date +%s.%N) - $begun" | bc
}
plain() {
    export CARGO_ENCODED_RUSTFLAGS=''
    cargo build --package xtask --package parallax-compose
    # Some packages do not build for some target, which is what their snapshots say.
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
    echo "round $round: plain cargo and the children $a s, cargo xtask test $b s, ratio $(echo "scale=3; $b / $a" | bc)"
done
# The last run leaves no scratch folders behind.
cargo xtask test --quiet > /dev/null 2>&1

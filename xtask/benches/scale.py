#!/usr/bin/env python3
"""Compares the harness with other ways to run the same cells, for several numbers of cells.

Makes a workspace of synthetic examples and measures in each round:

  a  the lower bound: the commands of the cells by `xargs -P`, without their output
  b  `cargo xtask test` when everything is built
  n  a no-op `cargo build` of the same packages for three targets
  d  the same cells under cargo-nextest: a `#[test]` with assert_cmd and insta for each

And once, because it takes long:

  c  a shell loop that runs one command after the other, without a compilation cache

Needs hyperfine, cargo-nextest, and wasmtime as `cargo xtask setup` installs it.
Usage: `xtask/benches/scale.py 100 1000 3000`, the numbers of cells. Prints medians of ROUNDS rounds (5
if not set), and ratios between them.
"""

import json, os, pathlib, re, shlex, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
JOBS = os.cpu_count()
HOST = re.search(r"^host: (.*)$", subprocess.check_output(["rustc", "-vV"], text=True), re.M)[1]
PIN = re.search(r'^wasmtime = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]
RUST = re.search(r'^rust = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]
TARGETS = [HOST, "wasm32-wasip1", "wasm32-wasip2"]
# A case has a native cell and four under wasmtime.
CELLS_PER_CASE, CASES_PER_EXAMPLE = 5, 10

PROGRAM = """
use std::{env, fs};
fn main() {
    let number = env::args().nth(1).unwrap_or_default();
    match fs::read_to_string("input.txt") {
        Ok(text) => println!("{number}: {}", text.trim_end()),
        Err(error) => eprintln!("{number}: {error}"),
    }
}
"""

NEXTEST = """
use std::fs;
use std::path::Path;

pub fn cell(name: &str, argv: &[&str], env: &[(&str, &str)]) {
    let cwd = tempfile::tempdir().unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("input.txt"), cwd.path().join("input.txt")).unwrap();
    let mut command = assert_cmd::Command::new(argv[0]);
    command.args(&argv[1..]).env_clear().envs(env.iter().copied()).current_dir(cwd.path());
    let output = command.output().unwrap();
    let text = format!("{:?}\\n{}\\n{}", output.status.code(), String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(name, text);
}
"""


def run(command, **options):
    subprocess.run(command, check=True, **options)


def make_workspace(directory, cells):
    """Writes a workspace with this number of cells, and returns the names of its packages."""
    cases = cells // CELLS_PER_CASE
    names = []
    (directory / "Cargo.toml").write_text(
        '[workspace]\nresolver = "3"\nmembers = ["examples/*"]\n'
        f'[workspace.metadata.parallax]\nwasmtime = "{PIN}"\n[profile.example]\ninherits = "release"\n')
    while cases > 0:
        name = f"synthetic-{len(names):03}"
        example = directory / "examples" / name
        (example / "src").mkdir(parents=True)
        (example / "fixture").mkdir()
        (example / "fixture/input.txt").write_text("some input\n")
        (example / "src/main.rs").write_text(PROGRAM)
        (example / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n')
        count = min(cases, CASES_PER_EXAMPLE)
        (example / "cases.toml").write_text("".join(
            f'[case-{number}]\nabout = "Synthetic"\nargs = ["{number}"]\nflags.dir-here = ["--dir=."]\n' for number in range(count)))
        cases -= count
        names.append(name)
    return names


def write_commands(directory, xtask):
    """Writes the commands of all cells for xargs (`children`) and, without a compilation cache, for bash
    (`loop.sh`). Returns the cells."""
    listed = subprocess.check_output([xtask, "test", "--list", "--format", "json"], cwd=directory, text=True)
    cells = [json.loads(line) for line in listed.splitlines()]
    with open(directory / "children", "w") as children, open(directory / "loop.sh", "w") as loop:
        for cell in cells:
            env = [f"{name}={value}" for name, value in cell["env"].items()]
            children.write(shlex.join(["-i", "-C", cell["cwd"], *env, *cell["argv"]]) + "\n")
            argv = list(cell["argv"])
            if "-C" in argv:  # Only wasmtime has this option. Its value names the compilation cache.
                argv[argv.index("-C") + 1] = "cache=n"
            loop.write(shlex.join(["env", "-i", "-C", cell["cwd"], *env, *argv]) + " >/dev/null 2>&1\n")
    return cells


def make_nextest(directory, cells):
    """Writes a package with a test for each cell, accepts its snapshots, and returns the command to run
    the tests."""
    crate = directory / "nextest"
    (crate / "tests").mkdir(parents=True)
    (crate / "src").mkdir()
    (crate / "src/lib.rs").write_text(NEXTEST)
    (crate / "input.txt").write_text("some input\n")
    (crate / "Cargo.toml").write_text(
        '[package]\nname = "cells"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n'
        '[dependencies]\nassert_cmd = "2"\ninsta = "1"\ntempfile = "3"\n')
    tests = []
    for number, cell in enumerate(cells):
        argv = ", ".join(json.dumps(word) for word in cell["argv"])
        env = ", ".join(f"({json.dumps(name)}, {json.dumps(value)})" for name, value in cell["env"].items())
        tests.append(f'#[test]\nfn cell_{number:04}() {{ cells::cell("cell_{number:04}", &[{argv}], &[{env}]); }}\n')
    (crate / "tests/cells.rs").write_text("".join(tests))
    settings = {**os.environ, "INSTA_WORKSPACE_ROOT": str(crate)}
    run(["cargo", "nextest", "run", "--cargo-quiet"], cwd=crate, env={**settings, "INSTA_UPDATE": "always"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return f"cd {shlex.quote(str(crate))} && INSTA_WORKSPACE_ROOT={shlex.quote(str(crate))} INSTA_UPDATE=no cargo nextest run --cargo-quiet"


def measure(commands):
    """Runs each command once, and returns its wall time and its processor time in seconds."""
    times = {}
    for name, command in commands.items():
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            run(["hyperfine", "--shell=bash", "--style=none", "--runs=1", "--ignore-failure", "--export-json", out.name,
                 f"({command}) >/dev/null 2>&1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            result = json.loads(pathlib.Path(out.name).read_text())["results"][0]
            times[name] = (result["median"], result["user"] + result["system"])
    return times


def peak_rss(command, directory):
    """The peak memory of a command in MB, without that of its children."""
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]))
        except (OSError, TypeError):
            pass  # The process has ended: it has no status file, or no memory.
        time.sleep(0.002)
    return peak / 1024


def main():
    sizes = [int(word) for word in sys.argv[1:]] or [100]
    run(["cargo", "build", "--quiet", "--package", "xtask"], cwd=ROOT)
    xtask = ROOT / "target/debug/xtask"
    os.environ.update(RUSTUP_TOOLCHAIN=RUST, CI="")
    for cells in sizes:
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            packages = " ".join(f"--package {name}" for name in make_workspace(directory, cells))
            targets = " ".join(f"--target {target}" for target in TARGETS)
            run([xtask, "test", "--accept", "--quiet", "--keep-scratch"], cwd=directory, stderr=subprocess.DEVNULL)
            listed = write_commands(directory, xtask)
            commands = {
                "n": f"cd {directory} && CARGO_ENCODED_RUSTFLAGS= cargo build --quiet --profile example {packages} {targets}",
                "a": f"xargs -P {JOBS} -L 1 env < {directory}/children",
                "b": f"cd {directory} && {xtask} test --keep-scratch",
                "d": make_nextest(directory, listed),
            }
            measure(commands)  # Fills caches. The times are not used.
            rounds = [measure(commands) for _ in range(ROUNDS)]
            once = measure({"c": f"bash {directory}/loop.sh"})
            wall = {name: statistics.median(each[name][0] for each in rounds) for name in commands} | {"c": once["c"][0]}
            cpu = {name: statistics.median(each[name][1] for each in rounds) for name in commands} | {"c": once["c"][1]}
            rss = peak_rss([xtask, "test"], directory)
        print(f"{len(listed)} cells, {JOBS} at a time, medians of {ROUNDS} rounds (c: once)")
        for name in "nabcd":
            print(f"  {name}  {wall[name]:8.3f} s wall  {cpu[name]:8.3f} s user+sys")
        print(f"  (b - n) / a = {(wall['b'] - wall['n']) / wall['a']:.2f}"
              f"   c / b = {wall['c'] / wall['b']:.1f}   d / b = {wall['d'] / wall['b']:.2f}   peak RSS of b {rss:.0f} MB")


main()

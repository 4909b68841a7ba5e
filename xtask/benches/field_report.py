#!/usr/bin/env python3
"""Runs the tests of the crates in field-report.toml on WASI, and writes docs/field-report.md.

Usage: `xtask/benches/field_report.py [CRATE…]`, in a clone of Parallax. Without names, all crates are run, which takes
about half an hour on two cores when nothing is compiled yet. With names, only these, and the page keeps what it says
about the others: their results are in the cache.

cargo downloads the crates, as for any package that depends on them. Each is copied to a directory of its own in the
cache, because cargo creates `Cargo.lock` while it builds. Then `cargo xtask check --tests --format json` runs them.
xtask/tests/field_report.rs checks that the page fits the list.
"""

import collections, json, os, pathlib, shutil, subprocess, sys, tempfile, tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "xtask/benches/field-report.toml"
PAGE = ROOT / "docs/field-report.md"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "parallax/field-report"
TARGETS = ["wasip1", "wasip2"]
KINDS = ["same", "needs", "left out", "not built", "differs"]
MOST_NAMES = 4

HEAD = """# Field report: the tests of published crates on WASI

What happens if the tests of a well-known crate are run on `wasm32-wasip1` and `wasm32-wasip2`? Here are {crates} crates, as they are on crates.io. Each test was run by itself: natively, and if it passed there, under wasmtime without any flags, and then with flags until it passed or no flag helped.

- **same**: it passes without any flags.
- **with flags**: it passes as soon as something is granted, such as `--dir=.`; each flag is needed.
- **left out**: it is not run there. Its author left it out with a `cfg` or `#[ignore]`; or it is `#[should_panic]`, which libtest ignores where a panic aborts.
- **not built**: it does not compile there, or a package that all tests of the crate share does not.
- **differ**: it fails there.

{total} tests pass natively. {sums}

| crate | tests | target | same | with flags | left out | not built | differ |
|---|--:|---|--:|--:|--:|--:|--:|
"""

TAIL = """
## How it was made

```sh
xtask/benches/field_report.py
```

[The script](../xtask/benches/field_report.py) downloads the crates of [the list](../xtask/benches/field-report.toml), calls `cargo xtask check CRATE --tests` for each, and writes this page: the paragraphs below the headings are from the list, and everything else is what was run, with Rust {rust} and wasmtime {wasmtime}. The words in brackets are ids of causes; a cause is named only if what the test printed proves it.
The tests of documentation are not run.
"""


def main():
    crates = tomllib.loads(LIST.read_text())["crates"]
    wanted = sys.argv[1:]
    unknown = set(wanted) - {crate["name"] for crate in crates}
    if unknown:
        sys.exit(f"not in {LIST.relative_to(ROOT)}: {', '.join(sorted(unknown))}")
    sources = fetch(crates)
    for crate in crates:
        results = CACHE / f"{crate['name']}-{crate['version']}.json"
        if crate["name"] in wanted or not wanted or not results.exists():
            print(f"{crate['name']} {crate['version']}", file=sys.stderr)
            check(crate, sources[crate["name"]], results)
        crate["results"] = [json.loads(line) for line in results.read_text().splitlines()]
    PAGE.write_text(page(crates))


def fetch(crates):
    """Downloads the crates, and returns a directory with a copy of each."""
    with tempfile.TemporaryDirectory() as directory:
        dependencies = "".join(f'"{crate["name"]}" = "={crate["version"]}"\n' for crate in crates)
        manifest = f'[package]\nname = "all"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[dependencies]\n{dependencies}'
        pathlib.Path(directory, "Cargo.toml").write_text(manifest)
        pathlib.Path(directory, "lib.rs").write_text("")
        metadata = json.loads(run(["cargo", "metadata", "--format-version", "1"], cwd=directory).stdout)
    sources = {}
    for crate in crates:
        is_meant = lambda package: (package["name"], package["version"]) == (crate["name"], crate["version"])
        package = next(filter(is_meant, metadata["packages"]))
        copy = CACHE / "crates" / f"{crate['name']}-{crate['version']}"
        if not copy.exists():
            shutil.copytree(pathlib.Path(package["manifest_path"]).parent, copy, symlinks=True)
        sources[crate["name"]] = copy
    return sources


def check(crate, source, results):
    command = ["cargo", "xtask", "check", str(source), "--tests", "--format", "json", *crate.get("args", [])]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if ended.returncode not in (0, 100):
        sys.exit(f"{crate['name']}: `{' '.join(command)}` ends with {ended.returncode}")
    # The path of this machine has no place on the page.
    results.write_text(ended.stdout.replace(str(source), "{package}"))


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options)


def pinned(tool):
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["metadata"]["parallax"][tool]


def page(crates):
    rows, sums = [], {target: collections.Counter() for target in TARGETS}
    for crate in crates:
        counts = {target: counted(crate["results"], target) for target in TARGETS}
        for target in TARGETS:
            sums[target].update(counts[target])
        link = f"[{crate['name']}](#{anchor(crate)}) {crate['version']}"
        is_one = counts["wasip1"] == counts["wasip2"]
        for target in TARGETS[:1] if is_one else TARGETS:
            cells = [counts[target][kind] for kind in KINDS]
            names = "both" if is_one else target
            tests = sum(cells)
            rows.append(f"| {link} | {tests} | {names} | {' | '.join(map(str, cells))} |\n")
            link, tests = "", ""
    is_one = sums["wasip1"] == sums["wasip2"]
    sentences = [sentence("On both targets" if is_one else f"On {target}", sums[target]) for target in TARGETS]
    total = sum(sums["wasip1"].values())
    text = HEAD.format(crates=len(crates), total=total, sums=" ".join(sentences[:1] if is_one else sentences))
    text += "".join(rows)
    text += "".join(section(crate) for crate in crates)
    return text + TAIL.format(rust=pinned("rust"), wasmtime=pinned("wasmtime"))


def sentence(where, counts):
    return (f"{where}, {counts['same']} of them pass without flags and {counts['needs']} more with flags; "
            f"{counts['left out']} are left out, {counts['not built']} are not built, and {counts['differs']} differ.")


def anchor(crate):
    return f"{crate['name']}-{crate['version']}".replace(".", "")


def counted(results, target):
    counts = collections.Counter(dict.fromkeys(KINDS, 0))
    for test in results:
        if here := test.get("here", {}).get(target):
            counts[kind(here)] += 1
    return counts


def kind(here):
    if here["status"] != "differs":
        return here["status"]
    return "left out" if here["left_out"] else "differs" if here["compiles"] else "not built"


def section(crate):
    results = crate["results"]
    text = f"\n## {crate['name']} {crate['version']}\n\n{crate['note'].strip()}\n\n"
    targets = {line["target"]: line for line in results if line["kind"] == "target"}
    is_one = targets["wasip1"]["sum"] == targets["wasip2"]["sum"]
    for target in TARGETS[:1] if is_one else TARGETS:
        text += f"- {'both' if is_one else target}: {targets[target]['sum']}\n"
    native = collections.Counter(test["native"]["status"] for test in results if test["kind"] == "test")
    if native["fail"] or native["ignored"]:
        parts = [f"{native[kind]} {word}" for kind, word in (("ignored", "ignored"), ("fail", "failing")) if native[kind]]
        text += f"- not compared, because of what they do natively: {', '.join(parts)}\n"
    flags = targets["wasip1"]["flags"]
    if flags:
        passed = [targets[target]["pass_with_flags"] for target in TARGETS]
        passed = f"{passed[0]} pass" if passed[0] == passed[1] else f"{passed[0]} pass on wasip1 and {passed[1]} on wasip2"
        text += f"- with `{' '.join(flags)}`: {passed}\n"
    groups = {}
    for test in results:
        for target, here in test.get("here", {}).items():
            if here["status"] == "differs":
                key = (-KINDS.index(kind(here)), here["cause"], here["does"], message(here))
                groups.setdefault(key, {}).setdefault(f"{test['binary']} {test['name']}", []).append(target)
    if groups:
        text += "\n| tests | target | what happens |\n|---|---|---|\n"
    for (_, cause, does, shown), tests in sorted(groups.items()):
        # One more name is no longer than saying that there is one more.
        names = [f"`{name}`" for name in list(tests)[: len(tests) if len(tests) == MOST_NAMES + 1 else MOST_NAMES]]
        names += [f"and {len(tests) - len(names)} more"] if len(tests) > len(names) else []
        does = f"each {does}" if len(tests) > 1 else does
        where = {target for of_test in tests.values() for target in of_test}
        where = "both" if len(where) == len(TARGETS) else where.pop()
        shown = f": `{shown}`" if shown else ""
        text += f"| {', '.join(names)} | {where} | {does} [{cause}]{shown} |\n"
    return text


def message(here):
    """What is shown of a failure: nothing if the cause says it all, and random numbers are left out."""
    if kind(here) == "left out" or here["cause"] in ("no-threads", "limit"):
        return ""
    text = "".join("#" if c.isdigit() and here["cause"] == "panic-abort" else c for c in here["message"])
    while "##" in text:
        text = text.replace("##", "#")
    return text.replace("|", "\\|").replace("`", "'")


if __name__ == "__main__":
    main()

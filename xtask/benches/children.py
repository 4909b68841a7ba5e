"""Prints the commands of all cells, one per line, for `xargs -L 1 env`.

Usage: children.py OUTCOMES CELLS, two files with the output of `cargo xtask test --format json` and of
`cargo xtask test --list --format json`.
"""

import json, shlex, sys

outcomes, cells = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
first_lines = {each["id"]: each["outcome"].split("\n")[0] for each in outcomes if each["kind"] == "cell"}
# Commands that xargs cannot run are left out: it stops after a command that exits with 255 or is killed
# by a signal, has no timeout, and cannot pass an argument that contains a line feed. Cells without a
# command are left out, too: those whose program does not build or whose components do not fit.
LEFT_OUT = ("exit 255", "signal", "timed out", "too much", "does not")
for cell in cells:
    env = [f"{name}={value}" for name, value in cell["env"].items()]
    words = ["-i", "-C", cell["cwd"], *env, *cell["argv"]]
    if not first_lines[cell["id"]].startswith(LEFT_OUT) and not any("\n" in word for word in words):
        print(" ".join(map(shlex.quote, words)))

"""Prints the children of a run as lines for `xargs -L 1 env`.

Its arguments are what `cargo xtask test --format json` and `… --list --format json` have printed.
"""

import json, shlex, sys

outcomes, cells = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
ends = {each["id"]: each["outcome"].split("\n")[0] for each in outcomes if each["kind"] == "cell"}
for cell in cells:
    end = ends[cell["id"]]
    # xargs itself ends at a child that a signal kills or that exits with 255, and at a word with a
    # line feed in it; nobody would end a child that hangs. They are left out here, and so are cells
    # that have no child because their program does not build, or its components do not fit.
    without = ("signal", "does not", "timed out", "too much")
    env = [f"{name}={value}" for name, value in cell["env"].items()]
    words = ["-i", "-C", cell["cwd"], *env, *cell["argv"]]
    if end != "exit 255" and not end.startswith(without) and not any("\n" in word for word in words):
        print(" ".join(map(shlex.quote, words)))

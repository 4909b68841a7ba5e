#!/usr/bin/env python3
"""Counts which APIs of std's fs, io, env, process, net, thread, sync and time crates use: for each, how many
crates. docs/std-usage.md shows the first fifty.

Usage: `xtask/benches/std_usage.py SOURCES [N]`, where SOURCES has a directory for each crate, as cargo keeps
them in `~/.cargo/registry/src/INDEX`. Prints the first N (50 if not set), as `crates callable API`.

What is counted:

- A crate counts once, however often it uses an API, and however many of its versions are there.
- An API is a type, a trait, a function, a method or a constant. A variant of an enum counts as the enum, and a
  method of a type that is named with it counts as the type, too.
- `use` declarations and paths whose first name is `std`, `core`, `alloc` or imported from these, in `src` of each
  crate, without comments, strings and modules for tests. `core` and `alloc` count as `std`.
- Methods that are called with a dot, as in METHODS: only these, and only in a file that names their type, or what
  returns it. If it names the types of several such methods, none counts.

What is not counted, or wrongly:

- Names that a file imports from two places, as for `#[cfg]`, and those of glob imports other than `io::prelude`.
- What macros generate, macros themselves (`println!`, `thread_local!`), and what other crates export again.
- A method whose type is only in another file. A method of the same name of another type is counted wrongly, if the
  file names the type of std, too. Counts of methods are therefore rough.
- Code for other systems, or for features that are off, counts like any other.
- Bindings to systems and to C (`*-sys`, `windows-*`, `libc`) are left out: they are declarations.
"""

import collections, pathlib, re, sys

MODULES = {"fs", "io", "env", "process", "net", "thread", "sync", "time"}
SUBMODULES = ("atomic", "mpsc", "consts", "prelude")
BINDINGS = re.compile(r".*-sys|windows(-.*)?|libc|wasip[0-9]")
ATOMICS = ["Bool", "U8", "U16", "U32", "U64", "Usize", "I8", "I16", "I32", "I64", "Isize", "Ptr"]

# Per type: what a file has to name, and its methods. `NAME` is `.NAME(`, `NAME()` also has no argument; the rest are
# regular expressions for methods whose names are common.
METHODS = {
    "fs::File": (["fs::File", "fs::OpenOptions"], "sync_all() sync_data() set_len try_clone() set_permissions "
                 "set_modified set_times try_lock_shared() unlock()"),
    "fs::OpenOptions": (["fs::OpenOptions", "fs::File::options"], "open", ("read", r"\.read\((true|false)\)"),
                        ("write", r"\.write\((true|false)\)"), ("append", r"\.append\((true|false)\)"),
                        ("create", r"\.create\((true|false)\)"), ("truncate", r"\.truncate\((true|false)\)"),
                        ("create_new", r"\.create_new\((true|false)\)")),
    "fs::Metadata": (["fs::Metadata", "fs::metadata", "fs::symlink_metadata", "fs::File", "fs::DirEntry"],
                     "modified() accessed() created() permissions()",
                     ("len", r"\b(meta|metadata|md|stat)(\(\w*\))?(\?|\.unwrap\(\))?\.len\(\)"),
                     ("is_dir", r"\b(meta|metadata|md|stat)(\(\w*\))?(\?|\.unwrap\(\))?\.is_dir\(\)"),
                     ("is_file", r"\b(meta|metadata|md|stat)(\(\w*\))?(\?|\.unwrap\(\))?\.is_file\(\)")),
    "fs::FileType": (["fs::FileType", "fs::read_dir", "fs::DirEntry"], "is_symlink()",
                     ("is_dir", r"\b(ft|ty|type|file_type)(\(\))?(\?|\.unwrap\(\))?\.is_dir\(\)"),
                     ("is_file", r"\b(ft|ty|type|file_type)(\(\))?(\?|\.unwrap\(\))?\.is_file\(\)")),
    "fs::DirEntry": (["fs::read_dir", "fs::DirEntry", "fs::ReadDir"], "file_name() file_type() path()"),
    "io::Read": (["io::Read"], "read_to_end read_to_string read_exact by_ref() bytes()",
                 ("read", r"\.read\(&mut "), ("take", r"\.take\(\w+ as u64\)|reader\.take\(")),
    "io::Write": (["io::Write"], "write_all write_fmt flush() write_vectored", ("write", r"\.write\(&|\.write\(buf\)")),
    "io::BufRead": (["io::BufRead", "io::BufReader"], "read_line read_until fill_buf() consume",
                    ("lines", r"(reader|stdin|lock\(\)|buf)\.lines\(\)")),
    "io::Seek": (["io::Seek"], "seek rewind() stream_position()"),
    "io::Error": (["io::Error", "io::ErrorKind", "io::Result"], "kind() raw_os_error()"),
    "io::IsTerminal": (["io::IsTerminal"], "is_terminal()"),
    "io::Cursor": (["io::Cursor"], "set_position"),
    "io::Stdin": (["io::stdin"], ("lock", r"stdin(\(\))?\.lock\(\)")),
    "io::Stdout": (["io::stdout"], ("lock", r"stdout(\(\))?\.lock\(\)")),
    "io::Stderr": (["io::stderr"], ("lock", r"stderr(\(\))?\.lock\(\)")),
    "process::Command": (["process::Command"], "arg args env envs env_remove env_clear() current_dir stdin stdout "
                         "stderr spawn() output() status()"),
    "process::Child": (["process::Command", "process::Child"], "wait() try_wait() kill() wait_with_output()"),
    "process::ExitStatus": (["process::Command", "process::ExitStatus"], "success() code()"),
    "thread::JoinHandle": (["thread::spawn", "thread::JoinHandle", "thread::Builder"], "join()"),
    "thread::Builder": (["thread::Builder"], "stack_size spawn"),
    "thread::Thread": (["thread::Thread", "thread::current"], "unpark()", ("id", r"current\(\)\.id\(\)")),
    "sync::Mutex": (["sync::Mutex"], "lock() try_lock() into_inner()"),
    "sync::RwLock": (["sync::RwLock"], "read() write() try_read() try_write()"),
    "sync::Condvar": (["sync::Condvar"], "notify_one() notify_all() wait_timeout wait_while",
                      ("wait", r"\.wait\(\w+\)")),
    "sync::Once": (["sync::Once"], "call_once is_completed()"),
    "sync::OnceLock": (["sync::OnceLock"], "get_or_init"),
    "sync::mpsc::Sender": (["sync::mpsc::Sender", "sync::mpsc::channel"], "send"),
    "sync::mpsc::Receiver": (["sync::mpsc"], "recv() try_recv() recv_timeout"),
    "time::Instant": (["time::Instant"], "elapsed() duration_since saturating_duration_since checked_duration_since"),
    "time::SystemTime": (["time::SystemTime"], "elapsed() duration_since"),
    "time::Duration": (["time::Duration", "time::Instant"], "as_secs() as_millis() as_micros() as_nanos() "
                       "subsec_nanos() subsec_millis() as_secs_f64() as_secs_f32()"),
    "net::TcpStream": (["net::TcpStream"], "set_nodelay set_nonblocking peer_addr() local_addr() shutdown "
                       "set_read_timeout set_write_timeout"),
    "net::TcpListener": (["net::TcpListener"], "accept() incoming() set_nonblocking local_addr()"),
    "net::UdpSocket": (["net::UdpSocket"], "send_to recv_from set_nonblocking local_addr()"),
    "net::SocketAddr": (["net::SocketAddr"], "ip() port() set_port"),
    "net::ToSocketAddrs": (["net::ToSocketAddrs"], "to_socket_addrs()"),
    "net::IpAddr": (["net::IpAddr"], "is_ipv4() is_ipv6() is_loopback()"),
    "net::Ipv4Addr": (["net::Ipv4Addr"], "octets()"),
    "net::Ipv6Addr": (["net::Ipv6Addr"], "segments() octets()"),
}
for name in ATOMICS:
    METHODS[f"sync::atomic::Atomic{name}"] = (
        [f"sync::atomic::Atomic{name}"],
        "load store swap compare_exchange compare_exchange_weak fetch_add fetch_sub fetch_or fetch_and fetch_update",
    )

# Regular expressions of calls; for each, the methods that it can be, each with what the file has to name.
CALLS = collections.defaultdict(list)
for owner, (evidence, *methods) in METHODS.items():
    for method in methods:
        words = [(word.removesuffix("()"), None, word.endswith("()")) for word in method.split()] \
            if isinstance(method, str) else [(*method, False)]
        for name, pattern, is_empty in words:
            pattern = pattern or rf"\.{name}\(" + (r"\)" if is_empty else "")
            CALLS[pattern].append((f"std::{owner}::{name}", tuple(f"std::{one}" for one in evidence)))
CALLS = [(re.compile(pattern), methods) for pattern, methods in CALLS.items()]

SKIPPED = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\bb?r(\#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?'(?:\\(?:u\{\w+\}|x\w\w|.)|[^'\\\n])'""", re.S)
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:.$])(?:::)?([A-Za-z_]\w*(?:::[A-Za-z_]\w*)+)")


def without_tests(code):
    """Removes comments, strings and the modules for tests. Braces are counted, as none is in a string any more."""
    code = SKIPPED.sub(" ", code)
    while found := re.search(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:pub\s+)?mod\s+\w+\s*\{", code):
        depth, at = 1, found.end()
        while depth and at < len(code):
            depth += {"{": 1, "}": -1}.get(code[at], 0)
            at += 1
        code = code[:found.start()] + code[at:]
    return code


def imported(tree, prefix=()):
    """The paths of a `use` tree, each with the name that it gets."""
    tree = tree.strip().removeprefix("::")
    head, brace, rest = tree.partition("{")
    prefix += tuple(part.strip() for part in head.split("::") if part.strip())
    if not brace:
        *parents, last = prefix or ("",)
        last, _, name = (word.strip() for word in last.partition(" as "))
        if last == "self":
            last = parents.pop() if parents else ""
        yield (*parents, last), name or last
        return
    depth, start = 0, 0
    rest = rest.rpartition("}")[0] + ","
    for at, char in enumerate(rest):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            if rest[start:at].strip():
                yield from imported(rest[start:at], prefix)
            start = at + 1


def api(path):
    """The full path of an item in one of the modules, and of its type."""
    root, *rest = path
    if root not in ("std", "core", "alloc") or not rest or rest[0] not in MODULES:
        return
    for at, word in enumerate(rest[1:], 2):
        if word[0].isupper() or at == len(rest) or word not in SUBMODULES:
            break
    else:
        return
    if word in (*SUBMODULES, "self", "*"):
        return
    yield "::".join(["std", *rest[:at]])
    # What follows a type is a variant (`NotFound`), a method (`new`) or a constant (`MAX`).
    if word[0].isupper() and len(rest) > at and (rest[at].islower() or rest[at].isupper() and len(rest[at]) > 2):
        yield "::".join(["std", *rest[:at + 1]])


def used(code):
    """The APIs that a file uses."""
    names, apis, others = {}, set(), set()
    pending = [one for use in USE.findall(code) for one in imported(use)]
    for _ in range(2):
        for path, name in pending:
            path = names.get(path[0], path[:1]) + path[1:] if path[0] not in others else path
            if path[0] not in ("std", "core", "alloc"):
                if path[0] and name not in names:
                    others.add(name)
            elif names.get(name, path)[1:] != path[1:]:
                others.add(name)
            else:
                names[name] = path
            apis.update(api(path))
            if path[1:] == ("io", "prelude", "*"):
                apis.update(f"std::io::{name}" for name in ("Read", "Write", "BufRead", "Seek"))
                names.update({name: ("std", "io", name) for name in ("Read", "Write", "BufRead", "Seek")})
    code = USE.sub(" ", code)
    while (plain := re.sub(r"::<[^<>;{}]*>|(?<=[a-z])<[^<>;{}()]*>(?=::)", "", code)) != code:
        code = plain
    for path in PATH.findall(code):
        path = tuple(path.split("::"))
        if path[0] in names and path[0] not in others:
            path = names[path[0]] + path[1:]
        apis.update(api(path))
    named = {one[:end] for one in apis for end in range(len(one) + 1) if end == len(one) or one[end] == ":"}
    for pattern, methods in CALLS:
        possible = [method for method, evidence in methods
                    if any(one in named for one in evidence)]
        if len(possible) == 1 and pattern.search(code):
            apis.update(possible)
    return apis


def main():
    sources = pathlib.Path(sys.argv[1])
    crates = collections.defaultdict(set)
    for directory in sorted(sources.iterdir()):
        name = re.sub(r"-[0-9]+\.[0-9]+\.[0-9]+.*$", "", directory.name)
        if BINDINGS.fullmatch(name):
            continue
        crates[name].update()
        for file in (directory / "src").rglob("*.rs"):
            if not {"tests", "tests.rs", "test.rs", "benches"} & set(file.relative_to(directory).parts):
                crates[name] |= used(without_tests(file.read_text(errors="replace")))
    count = collections.Counter(one for apis in crates.values() for one in apis)
    some = sum(any(apis) for apis in crates.values())
    print(f"{len(crates)} crates, of which {some} use the modules")
    ranked = sorted(count.items(), key=lambda one: (-one[1], one[0]))
    for one, number in ranked[:int(sys.argv[2]) if len(sys.argv) > 2 else 50]:
        print(f"{number:5} {'fn  ' if one.rpartition('::')[2].islower() else 'type'} {one}")


main()

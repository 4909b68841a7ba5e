//! The rules: what makes programs differ under WASI. The page lists them.

/// Why programs differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name on command lines and in links.
    pub id: &'static str,
    /// What makes the difference: the target, rustc, std, wasi-libc, the host, a crate.
    pub layer: &'static str,
    /// What happens, for someone who knows Rust and not WASI.
    pub text: &'static str,
    /// What to do about it; empty if that depends on the program.
    pub help: &'static str,
    /// Where the rule is written: a part of the address, see [`Rule::links`].
    sources: &'static [&'static str],
}

impl Rule {
    /// Returns the names and addresses of the rule's sources, in the versions that Parallax pins.
    pub fn links(&self) -> impl Iterator<Item = (String, String)> {
        self.sources.iter().map(|source| {
            let (project, path) = source.split_once(':').unwrap_or_default();
            let file = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let tag = match project {
                "rust" => format!("rust-lang/rust/blob/{RUST}"),
                "wasi-libc" => format!("WebAssembly/wasi-libc/blob/{WASI_LIBC}"),
                "wasmtime" => format!("bytecodealliance/wasmtime/blob/v{WASMTIME}"),
                // A page that is not in one of these repositories: `NAME, ADDRESS`.
                _ => {
                    let (name, address) = path.split_once(", ").unwrap_or((path, path));
                    return (name.into(), address.into());
                }
            };
            (format!("{project}: {file}"), format!("https://github.com/{tag}/{path}"))
        })
    }
}

/// The releases that the links show: those that the workspace pins, and the tag of wasi-libc that this Rust ships.
const RUST: &str = "1.99.1";
const WASI_LIBC: &str = "wasi-sdk-33";
const WASMTIME: &str = "48.0.8";

/// Returns the rule with this id.
pub fn named(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id).copied()
}

/// All rules, in the order in which the page shows them.
pub const ALL: [&Rule; 39] = [
    &NO_PREOPEN,
    &ABSOLUTE_PATH,
    &LEFT_PREOPEN,
    &ENV_NOT_GRANTED,
    &NETWORK_NOT_GRANTED,
    &LOOKUP_NOT_GRANTED,
    &STD_UNSUPPORTED,
    &STD_PANICS,
    &NO_THREADS,
    &PANIC_ABORT,
    &LIBC_UNSUPPORTED,
    &LIBC_ANSWER,
    &LIBC_ABORTS,
    &NOT_UTF_8,
    &STREAM_POSITION,
    &STREAM_ERROR,
    &HOST_ANSWER,
    &REFUSED,
    &EXIT_CODE,
    &LIMIT,
    &WASM_STACK,
    &STACK_IN_MEMORY,
    &ALLOCATION,
    &USIZE_32,
    &NO_MODES,
    &GUEST_DIRECTORY,
    &PROGRAM_NAME,
    &CRATE_STUB,
    &CRATE_FOR_BROWSERS,
    &NO_TIME_ZONE,
    &CRATE_NOT_SUPPORTED,
    &NO_C_COMPILER,
    &STD_MISSING,
    &STD_UNSTABLE,
    &LIBC_ITEM,
    &UNDEFINED_SYMBOL,
    &COMPONENT_IMPORT,
    &COMPONENTS,
    &ERROR_NUMBERS,
];

pub const NO_PREOPEN: Rule = Rule {
    id: "no-preopen",
    layer: "wasi-libc",
    text: "A guest can only open what is in a directory that was granted to it, a preopen. wasi-libc, inside the \
           guest, looks for the preopen whose name is the beginning of the path. There is none, so it answers ENOENT \
           itself, as if the file did not exist. The host was never asked.",
    help: "grant the directory: `wasmtime run --dir=DIR`",
    sources: &["wasi-libc:libc-bottom-half/sources/preopens.c"],
};

pub const ABSOLUTE_PATH: Rule = Rule {
    id: "absolute-path",
    layer: "wasi-libc",
    text: "The path is absolute, and only the directory `.` was granted that could contain it. wasi-libc takes that \
           for the root of the guest's files: it asks the host for the path below it, without the first slash, and \
           there is no such file.",
    help: "use a relative path, or grant the directory by its absolute path: `wasmtime run --dir=/DIR`",
    sources: &["wasi-libc:libc-bottom-half/sources/preopens.c"],
};

pub const LEFT_PREOPEN: Rule = Rule {
    id: "left-preopen",
    layer: "wasmtime",
    text: "The path begins in a granted directory and leads out of it, by `..` or by a symbolic link; an \
           absolute link always does. The host refuses what leaves the directory.",
    help: "grant a directory that contains the whole path; an absolute link cannot be followed at all",
    sources: &[
        "wasmtime:crates/wasi/src/filesystem/primitives/errors.rs",
        "wasi:path resolution in WASI, https://github.com/WebAssembly/wasi-filesystem/blob/main/path-resolution.md",
    ],
};

pub const ENV_NOT_GRANTED: Rule = Rule {
    id: "env-not-granted",
    layer: "wasmtime",
    text: "A guest does not see the variables of the environment, only those that it is given.",
    help: "pass the variable on: `wasmtime run --env=NAME`",
    sources: &["wasmtime:src/common.rs"],
};

pub const NETWORK_NOT_GRANTED: Rule = Rule {
    id: "network-not-granted",
    layer: "wasmtime",
    text: "The host does not allow sockets unless it is told to.",
    help: "allow them: `wasmtime run -S inherit-network`",
    sources: &["wasmtime:crates/wasi/src/sockets/mod.rs"],
};

pub const LOOKUP_NOT_GRANTED: Rule = Rule {
    id: "lookup-not-granted",
    layer: "wasmtime",
    text: "The host does not look up names of other machines unless it is told to, even where it allows sockets.",
    help: "allow it: `wasmtime run -S allow-ip-name-lookup`",
    sources: &["wasmtime:crates/wasi/src/sockets/ip_name_lookup.rs"],
};

pub const STD_UNSUPPORTED: Rule = Rule {
    id: "std-unsupported",
    layer: "std",
    text: "The standard library has no implementation of this function for the target. It returns an error of the \
           kind Unsupported with this message, and asks neither wasi-libc nor the host. No flag changes that.",
    help: "",
    sources: &["rust:library/core/src/io/error.rs", "rust:library/std/src/sys/pal/unsupported/common.rs"],
};

pub const STD_PANICS: Rule = Rule {
    id: "std-panics",
    layer: "std",
    text: "The standard library has no implementation of this function for the target, and the function cannot \
           return an error: it panics. A panic aborts on WASI, which the host reports as a trap.",
    help: "do not call it on WASI: `cfg!(target_os = \"wasi\")`",
    sources: &[
        "rust:library/std/src/sys/paths/wasi.rs",
        "rust:library/std/src/sys/paths/unsupported.rs",
        "rust:library/std/src/sys/process/unsupported.rs",
    ],
};

pub const NO_THREADS: Rule = Rule {
    id: "no-threads",
    layer: "std",
    text: "The target has no threads. A thread cannot be started, and no other thread can release what a program \
           waits for: the standard library panics or aborts where `Condvar::wait`, `Once::wait` or a lock that is \
           already held would wait.",
    help: "do the work in the main thread, if starting a thread fails",
    sources: &[
        "rust:library/std/src/sys/sync/condvar/no_threads.rs",
        "rust:library/std/src/sys/sync/mutex/no_threads.rs",
        "wasi-libc:libc-top-half/musl/src/thread/single-threaded/pthread_create.c",
    ],
};

pub const PANIC_ABORT: Rule = Rule {
    id: "panic-abort",
    layer: "rustc",
    text: "The same panic happens natively. There it unwinds: destructors run, `catch_unwind` and threads can catch \
           it, and if nothing does, the program exits with 101. For WASI, rustc makes panics abort: the program ends \
           at once with a trap, after the message.",
    help: "return errors instead of panics where the program has to go on",
    sources: &["rust:compiler/rustc_target/src/spec/base/wasm.rs", "rust:library/panic_abort/src/lib.rs"],
};

pub const LIBC_UNSUPPORTED: Rule = Rule {
    id: "libc-unsupported",
    layer: "wasi-libc",
    text: "wasi-libc does not support this operation: it answers so itself, and does not ask the host. No flag \
           changes that.",
    help: "",
    sources: &["wasi-libc:libc-bottom-half/sources/posix.c"],
};

pub const LIBC_ANSWER: Rule = Rule {
    id: "libc-answer",
    layer: "wasi-libc",
    text: "The error comes from wasi-libc, inside the guest: no call to the host failed with it.",
    help: "",
    sources: &["wasi-libc:libc-bottom-half/sources/"],
};

pub const LIBC_ABORTS: Rule = Rule {
    id: "libc-aborts",
    layer: "wasi-libc",
    text: "A function of wasi-libc calls abort, which is a trap, where it does not expect what the host answered.",
    help: "",
    sources: &["wasi-libc:libc-bottom-half/sources/sockets_utils.c"],
};

pub const NOT_UTF_8: Rule = Rule {
    id: "not-utf-8",
    layer: "WASI",
    text: "Paths in WASI are UTF-8. One that is not is an error, EILSEQ: in WASI 0.2 it comes from wasi-libc, which \
           does not ask the host, and in WASI 0.1 from wasmtime.",
    help: "use names that are valid UTF-8",
    sources: &["wasi-libc:libc-bottom-half/sources/file_utils.c", "wasmtime:crates/wasi/src/p1.rs"],
};

pub const STREAM_POSITION: Rule = Rule {
    id: "stream-position",
    layer: "wasi-libc",
    text: "WASI 0.2 reads and writes a file by streams, each with a position of its own. wasi-libc keeps one stream \
           for reading and one for writing, and neither moves the other: after a write, a read goes on where the last \
           read had ended, and the other way round.",
    help: "between a read and a write, seek somewhere else and back, or open the file twice",
    sources: &["wasi-libc:libc-bottom-half/sources/file.c"],
};

pub const STREAM_ERROR: Rule = Rule {
    id: "stream-error",
    layer: "wasi-libc",
    text: "A stream of WASI 0.2 failed. wasi-libc does not ask for the reason: it makes EIO of every failure that \
           is not the end of the stream.",
    help: "",
    sources: &["wasi-libc:libc-bottom-half/headers/private/wasi/file_utils.h"],
};

pub const HOST_ANSWER: Rule = Rule {
    id: "host-answer",
    layer: "wasmtime",
    text: "The guest asked the host, and the host answered with this error, where the operating system natively \
           does not. The host decides this itself, translates an error of the operating system, or asks it in another \
           way, now or before.",
    help: "",
    sources: &["wasmtime:crates/wasi/src/filesystem.rs", "wasmtime:crates/wasi/src/p1.rs"],
};

pub const REFUSED: Rule = Rule {
    id: "refused",
    layer: "wasmtime",
    text: "The host ended before the program started: what it was given is not valid or not there.",
    help: "see the host's message",
    sources: &["wasmtime:src/commands/run.rs"],
};

pub const EXIT_CODE: Rule = Rule {
    id: "exit-code",
    layer: "wasi-libc",
    text: "The program asks for an exit code that does not arrive. On wasip2, the wasi-libc of this Rust tells the \
           host only success or failure, so every code but 0 becomes 1. WASI 0.2.12 has a function that takes the \
           code, `exit-with-code`, and wasmtime provides it. On wasip1, wasmtime itself refuses codes from 126 on.",
    help: "on wasip2, flush stdout and call `wasip2::cli::exit::exit_with_code` from version 2.0 of the crate wasip2; on \
           wasip1, use codes up to 125",
    sources: &[
        "wasi-libc:libc-bottom-half/cloudlibc/src/libc/stdlib/_Exit.c",
        "wasmtime:crates/wasi/src/p2/wit/deps/cli.wit",
        "wasmtime:crates/wasi/src/p1.rs",
    ],
};

pub const LIMIT: Rule = Rule {
    id: "limit",
    layer: "wasmtime",
    text: "A limit that a flag of the host sets ended the program.",
    help: "raise the limit, or leave the flag out",
    sources: &["wasmtime:crates/cli-flags/src/lib.rs"],
};

pub const WASM_STACK: Rule = Rule {
    id: "wasm-stack",
    layer: "wasmtime",
    text: "The host's stack for the guest's functions is full. wasmtime makes it 512 KiB, natively the main thread \
           has 8 MiB.",
    help: "raise the limit: `wasmtime run -W max-wasm-stack=BYTES`; or recurse less deeply",
    sources: &["wasmtime:crates/wasmtime/src/config.rs"],
};

pub const STACK_IN_MEMORY: Rule = Rule {
    id: "stack-in-memory",
    layer: "rustc",
    text: "What a program has on its stack and takes the address of is in the guest's memory, in a stack of 1 MiB at \
           its beginning. What does not fit is below address 0, which is an access out of bounds. Natively the main thread has 8 MiB.",
    help: "link with a larger stack: `RUSTFLAGS='-C link-arg=-zstack-size=BYTES'`; or put large arrays on the heap",
    sources: &["rust:compiler/rustc_target/src/spec/base/wasm.rs"],
};

pub const ALLOCATION: Rule = Rule {
    id: "allocation",
    layer: "target",
    text: "The guest's memory cannot grow by that much: a 32-bit memory has at most 4 GiB, or what its module \
           declares.",
    help: "process the data in parts",
    sources: &[
        "wasi:limits of memories, https://webassembly.github.io/spec/core/syntax/types.html#memory-types",
    ],
};

pub const USIZE_32: Rule = Rule {
    id: "usize-32",
    layer: "target",
    text: "The target has 32-bit pointers, so usize and isize have 32 bits.",
    help: "use u64 for what can be larger than 4 GiB, such as offsets in files",
    sources: &["rust:compiler/rustc_target/src/spec/targets/wasm32_wasip1.rs"],
};

pub const NO_MODES: Rule = Rule {
    id: "no-modes",
    layer: "WASI",
    text: "WASI has no permission bits: a program can neither see nor set them. On Unix, wasmtime creates files \
           with 0666, less the bits of the umask.",
    help: "set the mode from outside, or put private files in a private directory",
    sources: &[
        "wasi:metadata in WASI, https://github.com/WebAssembly/wasi-filesystem/blob/v0.2.7/wit/types.wit",
    ],
};

pub const GUEST_DIRECTORY: Rule = Rule {
    id: "guest-directory",
    layer: "wasi-libc",
    text: "A guest does not know where it is on the host. wasi-libc keeps a working directory of its own, which is `/` \
           when a program starts.",
    help: "use relative paths, or grant directories by the paths that the program expects: `--dir=HOST::GUEST`",
    sources: &["wasi-libc:libc-bottom-half/sources/getcwd.c", "wasi-libc:libc-bottom-half/sources/chdir.c"],
};

pub const PROGRAM_NAME: Rule = Rule {
    id: "program-name",
    layer: "wasmtime",
    text: "The first argument is the name of the program. wasmtime passes on only the last part of the module's path.",
    help: "`wasmtime run --argv0=NAME`",
    sources: &["wasmtime:src/commands/run.rs"],
};

pub const CRATE_STUB: Rule = Rule {
    id: "crate-stub",
    layer: "crate",
    text: "A crate has no implementation for the target, only a stub that returns an error or panics.",
    help: "look for a feature or another crate, or do without where the error is Unsupported",
    sources: &[],
};

pub const CRATE_FOR_BROWSERS: Rule = Rule {
    id: "crate-for-browsers",
    layer: "crate",
    text: "A crate takes every WebAssembly target for a browser, and calls JavaScript by wasm-bindgen. Under WASI there \
           is no JavaScript: what wasm-bindgen compiles there instead of the call panics.",
    help: "leave out the feature that chooses it, often `js` or `wasm-bindgen`, or choose another release or crate",
    sources: &[
        "wasi:wasm-bindgen, https://github.com/wasm-bindgen/wasm-bindgen/blob/0.2.130/crates/macro-support/src/codegen.rs",
    ],
};

pub const NO_TIME_ZONE: Rule = Rule {
    id: "no-time-zone",
    layer: "crate",
    text: "The program takes UTC for the local time: natively, it does the same with TZ=UTC. The crate that looks for \
           the time zone has no implementation for WASI, and returns no error.",
    help: "let the user give an offset, or read TZ yourself, with a crate such as tz-rs",
    sources: &[],
};

pub const CRATE_NOT_SUPPORTED: Rule = Rule {
    id: "crate-not-supported",
    layer: "crate",
    text: "A dependency does not compile for the target: it has no code for it, at least not with these \
           features and this release of Rust.",
    help: "update the crate, look for a feature that leaves it out, or choose another one",
    sources: &[],
};

pub const NO_C_COMPILER: Rule = Rule {
    id: "no-c-compiler",
    layer: "toolchain",
    text: "A build script compiles C. For WASI that needs clang and the headers of wasi-libc. rustup installs \
           neither, only the compiled library.",
    help: "install the WASI SDK, or choose a crate that is written in Rust",
    sources: &["wasi:the WASI SDK, https://github.com/WebAssembly/wasi-sdk"],
};

pub const STD_MISSING: Rule = Rule {
    id: "std-missing",
    layer: "std",
    text: "This module of the standard library exists only for other operating systems.",
    help: "leave that code out for WASI: `#[cfg(unix)]`",
    sources: &["rust:library/std/src/os/mod.rs"],
};

pub const STD_UNSTABLE: Rule = Rule {
    id: "std-unstable",
    layer: "std",
    text: "This part of the standard library is unstable on the target: only a nightly Rust compiles it.",
    help: "use the portable part of std, or a crate such as wasip2",
    sources: &["rust:library/std/src/os/wasi/mod.rs"],
};

pub const LIBC_ITEM: Rule = Rule {
    id: "libc-item",
    layer: "crate",
    text: "The crate libc does not declare this item for WASI, in most cases because wasi-libc does not have it: \
           WASI has no processes, signals, users and groups.",
    help: "leave that code out for WASI, or choose another crate",
    sources: &["wasi:the crate libc, https://github.com/rust-lang/libc/tree/main/src/wasi"],
};

pub const UNDEFINED_SYMBOL: Rule = Rule {
    id: "undefined-symbol",
    layer: "linker",
    text: "The program uses a symbol that none of its libraries for WASI defines; natively one does. Of the C library, \
           rustup ships only the compiled wasi-libc, without its `libwasi-emulated-…` libraries. Up to Rust 1.95 the \
           symbol became an import, which no host provides.",
    help: "leave that code out for WASI: `#[cfg(not(target_os = \"wasi\"))]`",
    sources: &["wasi:the change in Rust 1.96, https://github.com/rust-lang/rust/pull/149868"],
};

pub const COMPONENT_IMPORT: Rule = Rule {
    id: "component-import",
    layer: "linker",
    text: "A component imports functions and interfaces whose types WIT describes. It cannot import a core function \
           or the memory of another module, as a core module can, and the linker for wasip2 refuses an import that \
           no WIT describes.",
    help: "build for wasip1, or describe the import in WIT, as `wit_bindgen::generate!` takes it",
    sources: &["wasi:wasm-component-ld, https://github.com/bytecodealliance/wasm-component-ld"],
};

pub const COMPONENTS: Rule = Rule {
    id: "components",
    layer: "composition",
    text: "The components do not fit together: one does not export what the other one imports.",
    help: "make both use the same version of the interface",
    sources: &["wasi:the component model, https://github.com/WebAssembly/component-model"],
};

pub const ERROR_NUMBERS: Rule = Rule {
    id: "error-numbers",
    layer: "wasi-libc",
    text: "The error is the same, but its number is not. WASI 0.1 numbers errors in alphabetical order, and \
           wasi-libc gives the errors of WASI 0.2, which have names and no numbers, the same ones. The texts are \
           those of musl.",
    help: "compare ErrorKind, never numbers or texts",
    sources: &["wasi-libc:libc-bottom-half/headers/public/__errno_values.h"],
};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::explain::recorded;
    use crate::workspace::Workspace;

    #[test]
    fn rules_are_complete() {
        for (index, rule) in ALL.iter().enumerate() {
            assert!(ALL[index + 1..].iter().all(|other| other.id != rule.id), "{} twice", rule.id);
            assert!(rule.text.ends_with(['.', ')']) && !rule.help.ends_with('.'), "{}", rule.id);
            assert_eq!(named(rule.id), Some(*rule));
        }
    }

    #[test]
    fn the_catalogue_shows_each_rule() {
        let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots");
        let recorded = recorded::read(&snapshots).unwrap();
        let has_cell = |rule: &Rule| recorded.values().flatten().any(|recorded| *recorded == rule);
        let without: Vec<_> = ALL.iter().filter(|rule| !has_cell(rule)).map(|rule| rule.id).collect();
        assert!(without.is_empty(), "no cell of snapshots/rules.txt has {}", without.join(", "));
    }

    #[test]
    fn links_show_what_is_pinned() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let workspace = Workspace::around(root, None).unwrap();
        assert_eq!(
            workspace.rust.unwrap().to_string(),
            RUST,
            "read the rules again, also in the wasi-libc that it ships"
        );
        assert_eq!(workspace.wasmtime.to_string(), WASMTIME, "read the rules again");
    }
}

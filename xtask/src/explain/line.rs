//! Programs that show something else: an error where natively there is none, another number, other files.

use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::number::answered;
use crate::explain::rules::{
    CRATE_STUB, ENV_NOT_GRANTED, ERROR_NUMBERS, GUEST_DIRECTORY, LOOKUP_NOT_GRANTED, NO_MODES, PROGRAM_NAME,
    STD_UNSUPPORTED, USIZE_32,
};
use crate::explain::{crates, number};
use crate::host::wasmtime::allowed;
use crate::model::os_error::{self, System};
use crate::model::outcome::{FileChange, Outcome};
use crate::model::trace::WasiCall;
use crate::model::verdict::Change;

/// The messages of errors that std makes itself on WASI: `UNSUPPORTED_PLATFORM` in `library/core/src/io/error.rs`,
/// and the locks and times in `library/std/src/sys/fs/unix.rs`.
const STD_SAYS: [&str; 6] = [
    "operation not supported on this platform",
    "lock() not supported",
    "lock_shared() not supported",
    "try_lock() not supported",
    "try_lock_shared() not supported",
    "setting file times not supported",
];

/// Explains a line that differs.
pub fn explain(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    of_error(evidence, change)
        .or_else(|| of_lookup(evidence, change))
        .or_else(|| of_place(evidence, change))
        .or_else(|| of_variable(evidence, change))
        .or_else(|| of_mode(evidence, change))
        .or_else(|| of_size(change))
}

/// Explains an outcome of which only error numbers and their texts differ.
pub fn of_wording(evidence: &Evidence<'_>) -> Option<Explanation> {
    let lines = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
    let all = |outcome: &Outcome| [lines(&outcome.stdout.text), lines(&outcome.stderr.text)].concat();
    let (native, here) = (all(evidence.native), all(evidence.here));
    let (native, here) = native.iter().zip(&here).find(|(native, here)| native != here)?;
    let (one, other) = (os_error::shown_in(native, System::Linux)?, os_error::shown_in(here, System::Wasi)?);
    let fact = format!("{} is {} on Linux and {} on WASI.", other.name, one.linux.number, other.wasi.number);
    (one.name == other.name).then(|| Explanation::new(&ERROR_NUMBERS, fact))
}

/// Explains a name that the host does not look up. std prints the text of `gai_strerror`, or that of the system's
/// error, after these words (`library/std/src/sys/net/connection/socket/mod.rs`).
fn of_lookup(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let says = "failed to lookup address information";
    if !change.here.contains(says) || change.native.contains(says) {
        return None;
    }
    let calls = &evidence.trace?.calls;
    // wasmtime answers nothing else with this error; a name that does not exist is `name-unresolvable`.
    let is_denied = |call: &WasiCall| {
        call.interface.ends_with("ip-name-lookup") && call.error() == Some("permanent-resolver-failure")
    };
    let index = calls.iter().rposition(is_denied)?;
    Some(Explanation::new(&LOOKUP_NOT_GRANTED, answered(&calls[index])).at(index))
}

/// Explains a line with an error that the native line does not have.
fn of_error(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let Change { native, here } = change;
    if let Some(message) =
        STD_SAYS.iter().find(|message| here.contains(**message) && !native.contains(**message))
    {
        // A crate may have the same message.
        let fact = format!("The program shows std's message: {}", here.trim());
        return crates::with_message(evidence.crates, message)
            .is_none()
            .then(|| Explanation::new(&STD_UNSUPPORTED, fact));
    }
    if let Some(error) = os_error::shown_in(here, System::Wasi) {
        let native = os_error::shown_in(native, System::Linux);
        // The same number is perhaps one that the program chose, see `io::Error::from_raw_os_error`.
        let is_same = native
            .is_some_and(|native| native.name == error.name || native.linux.number == error.wasi.number);
        return if is_same { None } else { number::explain(evidence, here, error) };
    }
    of_bare_error(evidence, change)
}

/// Explains an error of the kind Unsupported without a message, as `io::Error::from(ErrorKind::Unsupported)` makes it.
/// std's own errors have a message, so it is one of a crate, if there is one that makes such errors.
fn of_bare_error(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let is_bare = |line: &str| {
        let line = line.trim_end();
        line.strip_suffix(" [Unsupported]").unwrap_or(line).ends_with(": unsupported")
    };
    let makers = crates::with_bare_errors(evidence.crates);
    let is_explained = is_bare(&change.here) && !is_bare(&change.native) && !makers.is_empty();
    is_explained.then(|| {
        let mut explanation =
            Explanation::new(&CRATE_STUB, format!("The program shows: {}", change.here.trim()));
        explanation.facts.push(format!("Such errors come from {}.", makers.join(" or ")));
        explanation
    })
}

/// Explains a line that natively contains the value of a variable, which the flags do not pass on.
fn of_variable(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    /// A shorter value may be in the line by chance.
    const SHORTEST: usize = 3;
    /// The variables that every native program has here.
    const FIXED: [&str; 4] = ["LC_ALL", "TZ", "HOME", "TMPDIR"];
    let asked = evidence
        .trace?
        .calls
        .iter()
        .rposition(|call| call.function.starts_with("environ_") || call.function == "get-environment")?;
    let is_passed = |name: &str| allowed::passes(evidence.flags, name);
    let passed: Vec<_> =
        evidence.variables.iter().filter(|(name, _)| is_passed(name)).map(|(_, value)| value).collect();
    let (name, _) = evidence.variables.iter().find(|(name, value)| {
        // The working directory and the time zone may be in a line for another reason.
        let is_named = !FIXED.contains(&name.as_str()) || change.native.contains(name.as_str());
        value.len() >= SHORTEST
            && is_named
            && change.native.contains(value)
            && !change.here.contains(value)
            && !is_passed(name)
            && !passed.contains(&value)
    })?;
    let fact = format!("The line natively contains the value of {name}, and no flag passes {name} on.");
    Some(Explanation::new(&ENV_NOT_GRANTED, fact).at(asked))
}

/// Explains permission bits that are not kept.
fn of_mode(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let of_file = || {
        let here = |path: &str| evidence.here.files.iter().find(|file| file.path == path);
        let differs = |file: &&FileChange| {
            here(&file.path).is_some_and(|here| {
                here.mode != file.mode && here.kind == file.kind && here.what == file.what
            })
        };
        let file = evidence.native.files.iter().find(differs)?;
        let is_first = change.native.contains(", mode ") || change.here.contains(", mode ");
        is_first.then(|| format!("{} has another mode than natively.", file.path))
    };
    let no_bits = "FilePermissions { mode: 0o100000 ";
    let in_text = || {
        change
            .here
            .contains(no_bits)
            .then(|| format!("The mode has no permission bits: {}", change.here.trim()))
    };
    of_file().or_else(in_text).map(|fact| Explanation::new(&NO_MODES, fact))
}

/// Explains paths: a guest does not see those of the host.
fn of_place(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let Change { native, here } = change;
    let of_guest = |path: &str| native.replace("\"{cwd}\"", "\"/\"").replace("{cwd}", path);
    // HOME and TMPDIR are that directory, too.
    let asks = || evidence.trace.is_none_or(|trace| trace.calls.iter().any(WasiCall::asks_for_variables));
    if native.contains("{cwd}") && of_guest("") == *here && !asks() {
        return Some(Explanation::new(&GUEST_DIRECTORY, "The directory that natively is {cwd} is `/` here."));
    }
    let (before, rest) = native.split_once("{bin}/")?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    (format!("{before}{name}.wasm{after}") == *here)
        .then(|| Explanation::new(&PROGRAM_NAME, format!("Natively it is the path of {name}.")))
}

/// Explains numbers that do not fit in 32 bits.
fn of_size(change: &Change) -> Option<Explanation> {
    let numbers = |line: &str| -> Vec<u64> {
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
    };
    let (native, here) = (numbers(&change.native), numbers(&change.here));
    let large = native.iter().chain(&here).find(|number| u32::try_from(**number).is_err());
    let refused =
        ["number too large to fit in target type", "out of range integral type conversion attempted"];
    if let (Some(large), Some(text)) = (large, refused.iter().find(|text| change.here.contains(**text)))
        && !change.native.contains(text)
    {
        return Some(Explanation::new(&USIZE_32, format!("{large} does not fit in 32 bits.")));
    }
    if let Some(large) = large
        && change.here.contains("expected usize")
        && !change.native.contains("expected usize")
    {
        return Some(Explanation::new(&USIZE_32, format!("{large} does not fit in 32 bits.")));
    }
    // Sizes in bytes and bits of what contains pointers.
    const HALVES: [(u64, u64); 5] = [(8, 4), (16, 8), (24, 12), (32, 16), (64, 32)];
    let without_digits = |line: &str| line.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let is_of_usize = ["usize", "isize"].iter().any(|word| change.here.to_lowercase().contains(word));
    let mut differing = native.iter().zip(&here).filter(|(native, here)| native != here);
    let is_half = differing.clone().all(|(native, here)| HALVES.contains(&(*native, *here)));
    if is_of_usize && without_digits(&change.native) == without_digits(&change.here) && is_half {
        let fact =
            format!("What natively is {} is half of it here: {}.", change.native.trim(), change.here.trim());
        return Some(Explanation::new(&USIZE_32, fact));
    }
    let (native, here) = differing.next()?;
    let fact = format!("{here} is what is left of {native} in 32 bits.");
    (*native > u64::from(u32::MAX) && native & u64::from(u32::MAX) == *here && *here != 0)
        .then(|| Explanation::new(&USIZE_32, fact))
}

//! Draws why a cell differs from native: the difference, the calls that matter, the rule, and what to type next.

use crate::explain::evidence::{Explained, Explanation};
use crate::model::trace::{Answer, Trace, WasiCall};
use crate::model::verdict::Verdict;
use crate::report::catalogue;
use crate::support::edition::COMMAND;
use crate::support::escape::wrapped;
use crate::support::terminal::text_width;

/// How many calls before the decisive one are shown.
const CALLS_BEFORE: usize = 3;

/// How many calls are shown if none is decisive.
const MOST_CALLS: usize = 8;

/// What is drawn if no call is of interest.
const NOTHING: &str = "no call of the host matters";

/// How many calls of the native program are shown.
const MOST_NATIVE_CALLS: usize = 5;

/// How many characters of a call's arguments are shown in an abridged trace.
const LONGEST_ARGUMENTS: usize = 90;

/// What differs, in one line: `exit 0 → 1`.
pub fn difference(explained: &Explained) -> String {
    let (native, here) = (&explained.native.outcome, &explained.here.outcome);
    let verdict = Verdict::of(Some(native), here);
    let shown = catalogue::difference(Some(native), here, &verdict);
    let name = verdict.name();
    match shown {
        Some(shown) if shown.native.is_empty() => format!("{name}: {}", shown.here),
        Some(shown) => format!("{name}: {} → {}", shown.native, shown.here),
        None => name.into(),
    }
}

/// Draws all about a cell. `native` is what strace saw natively, if it was asked; with `all`, all calls are drawn.
pub fn draw(explained: &Explained, native: Option<&Trace>, all: bool) -> String {
    let mut text = format!("{} differs from native\n  {}\n\n", explained.id, difference(explained));
    let valid = explained.traced.as_ref().filter(|_| explained.is_trace_valid());
    let decisive = explained.explanation.as_ref().and_then(|explanation| explanation.call);
    if let Some(native) = native.filter(|native| !native.calls.is_empty()) {
        let native = if all { native.clone() } else { of_interest(native) };
        text.push_str(&calls("native", &native, None, all, NOTHING));
    }
    match (&explained.traced, valid) {
        (_, Some(traced)) => {
            // Everything that happened was inside the guest.
            let in_guest = explained.explanation.as_ref().is_some_and(|explanation| {
                ["std", "wasi-libc", "rustc", "crate"].contains(&explanation.rule.layer)
            });
            let nothing = if in_guest { "the host was not asked" } else { NOTHING };
            text.push_str(&calls(explained.target.name(), &traced.trace, decisive, all, nothing));
        }
        (Some(traced), None) => {
            let end = &traced.outcome.outcome.end;
            text.push_str(&format!(
                "  The traced run did something else ({end}), so its trace proves nothing.\n"
            ));
            if all {
                text.push_str(&calls(explained.target.name(), &traced.trace, None, all, NOTHING));
            }
        }
        (None, None) => {}
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    match &explained.explanation {
        Some(explanation) => text.push_str(&rule(explanation)),
        None => text.push_str(&format!(
            "Cannot tell: no rule is proven by what was observed.\n\n  All calls:  {COMMAND} why {} --trace\n",
            explained.id
        )),
    }
    text
}

/// Draws a rule and what was observed.
pub fn rule(explanation: &Explanation) -> String {
    let Explanation { rule, facts, .. } = explanation;
    let width = text_width();
    let mut text: String = facts.iter().map(|fact| wrapped("", fact, width)).collect();
    text.push_str(&wrapped("", rule.text, width));
    text.push_str(&format!("  [rule: {}; layer: {}]\n\n", rule.id, rule.layer));
    if !rule.help.is_empty() {
        text.push_str(&wrapped("  Try:     ", rule.help, width));
    }
    for (_, address) in rule.links() {
        text.push_str(&format!("  Source:  {address}\n"));
    }
    text.push_str(&format!("  More:    {COMMAND} find --rule {}\n", rule.id));
    text
}

/// Draws calls: all of them, or those around the decisive one without those that every program makes. If none is
/// left, `nothing` says so.
fn calls(title: &str, trace: &Trace, decisive: Option<usize>, all: bool, nothing: &str) -> String {
    let shown: Vec<usize> = match all {
        true => (0..trace.calls.len()).collect(),
        false => abridged(&trace.calls, decisive),
    };
    let mut text = String::new();
    if shown.is_empty() {
        text.push_str(&format!("  {title:<8} ({nothing})\n"));
    }
    for (line, index) in shown.into_iter().enumerate() {
        let title = if line == 0 { title } else { "" };
        let mark = if decisive == Some(index) { "   <--" } else { "" };
        text.push_str(&format!("  {title:<8} {}{mark}\n", call(&trace.calls[index], all)));
    }
    text
}

/// The indexes of the calls that an abridged trace shows.
fn abridged(calls: &[WasiCall], decisive: Option<usize>) -> Vec<usize> {
    let matters = |index: &usize| calls[*index].error().is_some() || !is_usual(&calls[*index]);
    let until = decisive.map_or(calls.len(), |index| index + 1);
    let mut shown: Vec<_> =
        (0..until).filter(matters).filter(|index| !is_end_of_preopens(&calls[*index])).collect();
    let most = if decisive.is_some() { CALLS_BEFORE + 1 } else { MOST_CALLS };
    shown.drain(..shown.len().saturating_sub(most));
    shown.extend(decisive.filter(|index| !shown.contains(index)));
    shown
}

/// The calls of a native program that have to do with files and the network, as far as they are of interest.
fn of_interest(native: &Trace) -> Trace {
    let is_output = |call: &WasiCall| {
        call.function == "write" && ["1, ", "2, "].iter().any(|stream| call.arguments.starts_with(stream))
    };
    let is_memory = |call: &WasiCall| ["mmap", "sigaltstack", "ioctl"].contains(&call.function.as_str());
    let of_interest = native.calls.iter().filter(|call| !is_output(call) && !is_memory(call));
    Trace { calls: of_interest.take(MOST_NATIVE_CALLS).cloned().collect(), ..Trace::default() }
}

/// Whether this is a call that says nothing about a difference: of the start of a program, or of its output.
fn is_usual(call: &WasiCall) -> bool {
    const USUAL: [&str; 13] = [
        "proc_exit",
        "args_",
        "environ_",
        "get-arguments",
        "get-environment",
        "get-directories",
        "get-std",
        "fd_prestat",
        "fd_fdstat_get",
        "output-stream.",
        "input-stream.subscribe",
        "pollable.",
        "fd_write",
    ];
    USUAL.iter().any(|usual| call.name().starts_with(usual))
}

/// wasi-libc asks for preopens until there is none: that error is the end of the list.
fn is_end_of_preopens(call: &WasiCall) -> bool {
    call.function == "fd_prestat_get"
}

/// Draws a call: `path_open(fd=Fd(3) oflags=Oflags(0x0)) = noent`.
fn call(call: &WasiCall, all: bool) -> String {
    let arguments = match all {
        true => call.arguments.clone(),
        false => shortened(&call.arguments),
    };
    let answer = match &call.answer {
        None => "does not return".into(),
        Some(Answer::Failed(error)) => error.clone(),
        Some(Answer::Done(result)) if all => result.clone(),
        Some(Answer::Done(result)) if result.is_empty() || result.contains("Resource") => "ok".into(),
        Some(Answer::Done(result)) => shortened(result),
    };
    format!("{}({arguments}) = {answer}", call.name())
}

/// Arguments without what only the host can read, cut if they are long.
fn shortened(arguments: &str) -> String {
    let mut rest = arguments;
    if let Some((_, after)) = rest.strip_prefix("self_=Resource {").and_then(|rest| rest.split_once('}')) {
        rest = after.trim_start();
    }
    let rest = rest.split(" fs_rights_base=").next().unwrap_or_default();
    match rest.chars().count() > LONGEST_ARGUMENTS {
        true => rest.chars().take(LONGEST_ARGUMENTS - 1).chain(['…']).collect(),
        false => rest.into(),
    }
}

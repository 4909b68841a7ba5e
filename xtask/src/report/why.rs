//! Draws why a cell differs from native: the difference, the calls that matter, the rule, and what to type next.

use crate::explain::evidence::{Explained, Explanation};
use crate::model::case::Case;
use crate::model::outcome::End;
use crate::model::trace::{Answer, Trace, WasiCall};
use crate::model::verdict::Verdict;
use crate::report::catalogue;
use crate::report::moment::{self, Moment};
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

/// The width of the titles of lines.
const TITLE: usize = 9;

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

/// Draws all about a cell. `native` is what strace saw natively, if it was asked; with `all`, all calls are drawn, and
/// with `catalogue`, the catalogue has already said what happens.
pub fn draw(explained: &Explained, native: Option<&Trace>, all: bool, catalogue: bool) -> String {
    let mut text = format!("{} differs from native\n  {}\n\n", explained.id, difference(explained));
    let valid = explained.traced.as_ref().filter(|_| explained.is_trace_valid());
    let is_built = !matches!(explained.here.outcome.end, End::DoesNotBuild(_) | End::DoesNotCompose(_));
    let decisive = explained.explanation.as_ref().and_then(|explanation| explanation.call);
    if let Some(native) = native.filter(|native| is_built && !native.calls.is_empty()) {
        let shown =
            if all { (0..native.calls.len()).collect() } else { of_interest(explained, &native.calls) };
        text.push_str(&calls("native", &native.calls, shown, None, all, NOTHING));
    }
    let of_target = |trace: &Trace, decisive, nothing: &str| {
        let shown = match all {
            true => (0..trace.calls.len()).collect(),
            false => abridged(&trace.calls, &moment::here(explained, &trace.calls), decisive),
        };
        calls(explained.target.name(), &trace.calls, shown, decisive, all, nothing)
    };
    match (&explained.traced, valid) {
        (_, Some(traced)) => {
            // Everything that happened was inside the guest.
            let in_guest = explained.explanation.as_ref().is_some_and(|explanation| {
                ["std", "wasi-libc", "rustc", "crate"].contains(&explanation.rule.layer)
            });
            let nothing = if in_guest { "the host was not asked" } else { NOTHING };
            text.push_str(&of_target(&traced.trace, decisive, nothing));
        }
        (Some(traced), None) => {
            let end = &traced.outcome.outcome.end;
            text.push_str(&format!(
                "  The traced run did something else ({end}), so its trace proves nothing.\n"
            ));
            if all {
                text.push_str(&of_target(&traced.trace, None, NOTHING));
            }
        }
        (None, None) => {}
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    match &explained.explanation {
        Some(explanation) => text.push_str(&rule(explanation)),
        None => text.push_str(&no_rule(explained, catalogue)),
    }
    if explained.explanation.is_none() && !all && explained.traced.is_some() {
        text.push_str(&format!("\n  All calls:  {COMMAND} why {} --trace\n", explained.id));
    }
    text
}

/// What is said if no rule is proven. `catalogue` tells whether the catalogue has said before what happens.
fn no_rule(explained: &Explained, catalogue: bool) -> String {
    let said = match catalogue {
        true => "No rule is proven by what was observed",
        false => "Cannot tell: no rule is proven by what was observed",
    };
    match explained.here.outcome.end {
        End::DoesNotBuild(_) => format!("{said}: see what the compiler says.\n"),
        _ => format!("{said}.\n"),
    }
}

/// Draws what the catalogue says about a case: its sentence, what to do, and where it is discussed.
pub fn case(id: &str, case: &Case) -> String {
    let about = case.about.as_deref().map(|about| wrapped("", about, text_width())).unwrap_or_default();
    let text = format!("{id}\n{about}");
    let mut lines = Vec::new();
    lines.extend(case.claims.remedy.as_deref().map(|remedy| line("Instead:", remedy)));
    lines.extend(case.claims.upstream.iter().map(|address| line("Known:", address)));
    if lines.is_empty() { text } else { format!("{text}\n{}\n", lines.concat()) }
}

/// Draws a line with a title. What is too long goes on below its beginning.
pub fn line(title: &str, value: &str) -> String {
    wrapped(&format!("  {title:<TITLE$}"), value, text_width())
}

/// Draws a cell in brief: what differs, and the rule with what proves it.
pub fn brief(explained: &Explained) -> String {
    let why = match &explained.explanation {
        Some(Explanation { rule, facts, .. }) => {
            format!("[rule: {}] {}", rule.id, facts.last().map_or("", String::as_str))
        }
        None => "no rule is proven".into(),
    };
    line(explained.target.name(), &difference(explained)) + &line("", &why)
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

/// Draws the calls with the indexes `shown`. If there are none, `nothing` says so.
fn calls(
    title: &str,
    calls: &[WasiCall],
    shown: Vec<usize>,
    decisive: Option<usize>,
    all: bool,
    nothing: &str,
) -> String {
    let mut text = String::new();
    if shown.is_empty() {
        text.push_str(&format!("  {title:<8} ({nothing})\n"));
    }
    for (line, index) in shown.into_iter().enumerate() {
        let title = if line == 0 { title } else { "" };
        let mark = if decisive == Some(index) { "   <--" } else { "" };
        text.push_str(&format!("  {title:<8} {}{mark}\n", call(&calls[index], all)));
    }
    text
}

/// The indexes of the calls that an abridged trace shows: those of the moment, or those before the decisive one.
fn abridged(calls: &[WasiCall], moment: &Moment, decisive: Option<usize>) -> Vec<usize> {
    let matters = |index: &usize| {
        let call = &calls[*index];
        (call.error().is_some() || !is_usual(call)) && !is_end_of_preopens(call)
    };
    let range = decisive.map_or(moment.calls.clone(), |index| 0..index + 1);
    let most = if decisive.is_some() { CALLS_BEFORE + 1 } else { MOST_CALLS };
    let mut shown: Vec<_> = range.filter(matters).collect();
    shown.drain(..shown.len().saturating_sub(most));
    shown.extend(decisive.filter(|index| !shown.contains(index)));
    shown
}

/// The indexes of the calls of a native program that have to do with files and the network, as far as they are of
/// interest.
fn of_interest(explained: &Explained, calls: &[WasiCall]) -> Vec<usize> {
    let is_output = |call: &WasiCall| {
        call.function == "write" && ["1, ", "2, "].iter().any(|stream| call.arguments.starts_with(stream))
    };
    let is_memory = |call: &WasiCall| ["mmap", "sigaltstack", "ioctl"].contains(&call.function.as_str());
    let is_meant = |index: &usize| !is_output(&calls[*index]) && !is_memory(&calls[*index]);
    let moment = moment::native(explained, calls);
    let mut shown: Vec<_> = moment.calls.filter(is_meant).collect();
    match moment.first {
        true => shown.truncate(MOST_NATIVE_CALLS),
        false => drop(shown.drain(..shown.len().saturating_sub(MOST_NATIVE_CALLS))),
    }
    shown
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

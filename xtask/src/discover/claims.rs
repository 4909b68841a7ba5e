//! Reads the keys of a case that say what it claims about WASI: `baseline`, `silent`, `remedy`, `apis` and
//! `upstream`.

use toml::Spanned;

use crate::diagnostic::Diagnostic;
use crate::discover::check;
use crate::discover::spec::Spec;
use crate::model::case::DEFAULT_ROW;
use crate::model::claims::Claims;
use crate::model::target::Target;
use crate::support::suggest::suggest;

/// Reads the claims of a case with these targets. `spec` is the case with the values of the defaults, and
/// `has_own_baseline` says whether the case names its baseline itself: one of the defaults is ignored if the
/// case does not have that row.
///
/// # Errors
/// If a value is malformed or does not fit the case. Returns all diagnostics.
pub fn read(spec: &Spec, has_own_baseline: bool, targets: &[Target]) -> Result<Claims, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let rows = spec.rows();
    let mut claims = Claims::default();
    if let Some(baseline) = &spec.baseline {
        match unknown_baseline(baseline, &rows) {
            None => claims.baseline = Some(baseline.get_ref().clone()),
            Some(diagnostic) => diagnostics.extend(has_own_baseline.then_some(diagnostic)),
        }
    }
    for target in spec.silent.iter().flatten() {
        match Target::named(target.get_ref()) {
            Some(known) if known.is_wasm() && targets.contains(&known) => claims.silent.push(known),
            _ => diagnostics.push(
                Diagnostic::new(format!("the case does not run on `{}`", target.get_ref()), target.span())
                    .help("`silent` lists the wasm targets on which the program goes on with wrong data"),
            ),
        }
    }
    if let Some(remedy) = &spec.remedy {
        diagnostics.extend(check::description("remedy", remedy).err());
        claims.remedy = Some(remedy.get_ref().clone());
    }
    for api in spec.apis.iter().flatten() {
        diagnostics.extend(path_of_std(api).err());
        claims.apis.push(api.get_ref().clone());
    }
    for address in spec.upstream.iter().flatten() {
        if !is_address(address.get_ref()) {
            let help = "it starts with `https://`, and has only letters, digits and `-._~:/?#@!$&+,;=%`";
            diagnostics.push(Diagnostic::new("not an address of a web page", address.span()).help(help));
        }
        claims.upstream.push(address.get_ref().clone());
    }
    if diagnostics.is_empty() { Ok(claims) } else { Err(diagnostics) }
}

/// Returns a diagnostic unless the baseline is one of `rows`, or the row that every case has.
pub fn unknown_baseline(baseline: &Spanned<String>, rows: &[Spanned<String>]) -> Option<Diagnostic> {
    let names: Vec<_> = rows.iter().map(|row| row.get_ref().as_str()).chain([DEFAULT_ROW]).collect();
    if names.contains(&baseline.get_ref().as_str()) {
        return None;
    }
    let diagnostic = Diagnostic::new(format!("no row `{}`", baseline.get_ref()), baseline.span());
    Some(diagnostic.help(match suggest(baseline.get_ref(), names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`baseline` names the row that a sensible user of the program would give".into(),
    }))
}

/// Whether this is an address whose characters have no other meaning in a link of Markdown: those of RFC 3986 (section 2)
/// without brackets, quotes and `*`, which can be written as `%28`.
fn is_address(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&+,;=%".contains(c);
    text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_allowed))
}

/// Checks that an API is written as the path of an item of std. That the item exists is checked by a test.
fn path_of_std(api: &Spanned<String>) -> Result<(), Diagnostic> {
    let is_identifier = |segment: &str| {
        segment.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '!')
    };
    let mut segments = api.get_ref().split("::");
    let is_path =
        segments.next() == Some("std") && segments.clone().count() > 0 && segments.all(is_identifier);
    match is_path {
        true => Ok(()),
        false => Err(Diagnostic::new("not the path of an item of std", api.span())
            .help("for example \"std::fs::File::open\" or \"std::println\"")),
    }
}

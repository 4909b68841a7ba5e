//! Reads `cases.toml`, the ways to call one example. Diagnostics point at the place of each error.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use regex_lite::Regex;
use serde_core::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, ValueDeserializer};

use crate::diagnostic::Diagnostic;
use crate::discover::check;
use crate::discover::claims;
use crate::discover::composition;
use crate::discover::packages::Packages;
use crate::discover::spec::{GrantSpec, RedactSpec, Spec};
use crate::model::case::{Case, Redaction, Row};
use crate::model::claims::Claims;
use crate::model::grant::{Directory, Grant, Variable};
use crate::model::name;
use crate::model::target::Target;
use crate::model::tree::Tree;
use crate::support::duration;
use crate::support::suggest::suggest;

/// The name of the table with the keys that apply to every case of the file. It is not a case itself.
const DEFAULTS: &str = "defaults";

/// Reads the cases in `text`, the contents of a `cases.toml`. Returns them in the order of the file.
/// `packages` and `fixture` are those of the example.
///
/// # Errors
/// If the file is malformed. Returns all diagnostics, in the order of the file.
pub fn parse(text: &str, packages: &Packages<'_>, fixture: &Arc<Tree>) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.into_iter().map(|error| Diagnostic::of_toml(text, &error, &[])).collect());
    }
    let keys: Vec<_> = [Spec::KEYS, GrantSpec::KEYS, RedactSpec::KEYS].concat();
    let mut diagnostics = Vec::new();
    let mut defaults = Spec::default();
    let mut specs = Vec::new();
    for (key, value) in table.into_inner() {
        let at = key.span();
        let name = key.into_inner().into_owned();
        if let Some(problem) = name::problem(&name) {
            diagnostics.push(Diagnostic::new(format!("invalid case name: {problem}"), at.clone()));
        }
        if !value.get_ref().is_table() {
            let case = if keys.contains(&name.as_str()) { "default" } else { name.as_str() };
            let help = format!("each top-level table is a case: put it under `[{case}]`");
            diagnostics.push(Diagnostic::new(format!("`{name}` is not in a case"), at).help(help));
            continue;
        }
        match Spec::deserialize(ValueDeserializer::from(value)) {
            Err(error) => diagnostics.push(of_type(text, Diagnostic::of_toml(text, &error, &keys))),
            Ok(spec) if name == DEFAULTS => {
                diagnostics.extend(check::only_of_a_case(&spec));
                defaults = spec;
            }
            Ok(spec) => specs.push((at, name, spec)),
        }
    }
    specs.sort_by_key(|(at, _, _)| at.start);
    if specs.is_empty() && diagnostics.is_empty() {
        diagnostics.push(Diagnostic::new("no case in this file", 0..text.len().min(1)).help(
            "add one, such as `[default]`, or remove the file: without it there is one case, `default`",
        ));
    }
    diagnostics.extend(of_defaults(&defaults, &specs, packages, fixture));
    let mut cases = Vec::new();
    for (at, name, spec) in specs {
        match case(spec, &defaults, name, packages, fixture, at) {
            Err(found) => diagnostics.extend(found),
            Ok(case) => cases.push(case),
        }
    }
    if diagnostics.is_empty() {
        return Ok(cases);
    }
    diagnostics.sort_by(|one, other| (one.span.start, &one.message).cmp(&(other.span.start, &other.message)));
    // An error in the defaults is found once for each case.
    diagnostics.dedup_by(|one, other| one.span == other.span && one.message == other.message);
    Err(diagnostics)
}

/// Checks the defaults by themselves: a mistake counts even if no case inherits the key that has it.
fn of_defaults(
    defaults: &Spec,
    specs: &[(Range<usize>, String, Spec)],
    packages: &Packages<'_>,
    fixture: &Arc<Tree>,
) -> Vec<Diagnostic> {
    // The port may be that of a peer which only the cases name.
    let of_case = || specs.iter().find_map(|(_, _, spec)| spec.peer.clone());
    let plain = Spec { peer: defaults.peer.clone().or_else(of_case), ..Spec::default() };
    let mut diagnostics =
        case(plain, defaults, DEFAULTS.into(), packages, fixture, 0..0).err().unwrap_or_default();
    if let Some(baseline) = &defaults.baseline {
        let rows: Vec<_> = specs.iter().flat_map(|(_, _, spec)| spec.rows()).chain(defaults.rows()).collect();
        diagnostics.extend(claims::unknown_baseline(baseline, &rows));
    }
    diagnostics
}

/// Adds help to a diagnostic about a value of the wrong type.
fn of_type(text: &str, diagnostic: Diagnostic) -> Diagnostic {
    let written = text.get(diagnostic.span.clone()).unwrap_or_default();
    let before = text[..diagnostic.span.start.min(text.len())].lines().next_back().unwrap_or_default();
    let is_timeout = before.trim_start().starts_with("timeout");
    let is_one_line = !written.is_empty() && !written.contains('\n');
    match diagnostic.message.as_str() {
        message if message.ends_with("expected a sequence") && is_one_line => {
            let help = format!("this is a list: write `[{written}]`");
            diagnostic.help(help)
        }
        message if message.ends_with("expected a string") && is_timeout => {
            diagnostic.help("write it as \"10s\", \"500ms\" or \"2m\"")
        }
        _ => diagnostic,
    }
}

/// Checks what the types do not ensure, and returns the case. `at` is the span of its name in the file.
fn case(
    own: Spec,
    defaults: &Spec,
    name: String,
    packages: &Packages<'_>,
    fixture: &Arc<Tree>,
    at: Range<usize>,
) -> Result<Case, Vec<Diagnostic>> {
    let mut diagnostics = check::known_rows(own.without.as_deref().unwrap_or_default(), &defaults.rows());
    let own_rows = own.rows();
    let has_own_baseline = own.baseline.is_some();
    let spec = own.with_defaults(defaults);

    let mut or_diagnostic = |result: Result<(), Diagnostic>| diagnostics.extend(result.err());
    spec.about.iter().for_each(|about| or_diagnostic(check::description("about", about)));
    spec.peer.iter().for_each(|peer| or_diagnostic(check::known_peer(peer, packages)));
    let has_peer = spec.peer.is_some();
    let word = |word: &Spanned<String>| check::no_nul(word).and_then(|()| check::known_port(word, has_peer));
    for arg in spec.args.iter().flatten() {
        or_diagnostic(word(arg));
        let placeholders =
            check::known_placeholders(arg, &[check::CWD, check::MOUNT, check::ANY_BYTE, check::PEER]);
        or_diagnostic(check::spelled_bytes(arg).and(placeholders));
    }
    for (key, value) in &spec.env {
        or_diagnostic(check::variable_name(key));
        or_diagnostic(word(value));
        let placeholders = check::known_placeholders(value, &[check::CWD, check::ANY_BYTE, check::PEER]);
        or_diagnostic(check::spelled_bytes(value).and(placeholders));
    }
    let fifos = spec.fifos.as_deref().unwrap_or_default();
    fifos.iter().for_each(|path| or_diagnostic(check::path_below(path)));
    for row in spec.rows() {
        or_diagnostic(check::row_name(&row));
        let grant = spec.grant.get(&row);
        for entry in grant.iter().flat_map(|grant| grant.dirs.iter().chain(&grant.env)) {
            or_diagnostic(word(entry));
            or_diagnostic(check::known_placeholders(entry, &[check::CWD, check::MOUNT, check::PEER]));
        }
        if let Some(grant) = grant {
            grant.dirs.iter().for_each(|dir| or_diagnostic(check::granted_directory(dir)));
            grant.env.iter().for_each(|variable| or_diagnostic(check::granted_variable(variable)));
            or_diagnostic(check::allows_something(&row, grant));
        }
        for flag in spec.flags.get(&row).into_iter().flatten() {
            or_diagnostic(word(flag));
            let placeholders =
                check::known_placeholders(flag, &[check::CWD, check::MOUNT, check::WASM, check::PEER]);
            or_diagnostic(check::known_packages(flag, packages).and(placeholders));
        }
    }

    let targets = match spec.targets.clone() {
        None => Target::ALL.to_vec(),
        Some(written) => targets(written, &mut diagnostics),
    };
    let has = |wanted: fn(Target) -> bool| targets.iter().any(|target| wanted(*target));
    let (has_wasm, has_components) = (has(Target::is_wasm), has(Target::has_components));
    let mut rows = vec![Row::default_row()];
    for row in spec.rows() {
        let is_own = own_rows.contains(&row);
        let composed = spec.compose.get(&row);
        let has_target = has_wasm && (composed.is_none() || has_components);
        if !has_target {
            // A row of the defaults is left out without an error.
            if is_own && !targets.is_empty() {
                diagnostics.push(if has_wasm {
                    check::no_components(&row)
                } else {
                    check::no_host(&row, &at)
                });
            }
            continue;
        }
        let compose = composed.map(|spec| composition::read(&row, spec, packages)).transpose();
        let compose = compose.unwrap_or_else(|found| {
            diagnostics.extend(found);
            None
        });
        let flags = spec.flags.get(&row).into_iter().flatten().map(|flag| flag.get_ref().clone()).collect();
        rows.push(Row {
            grant: spec.grant.get(&row).map(grant).unwrap_or_default(),
            name: row.into_inner(),
            flags,
            compose: compose.unwrap_or_default(),
        });
    }

    let claims = claims::read(&spec, has_own_baseline, &targets).unwrap_or_else(|found| {
        diagnostics.extend(found);
        Claims::default()
    });
    let mut case = Case { rows, targets, claims, fixture: Arc::clone(fixture), ..Case::plain(&name) };
    if !fifos.is_empty() {
        match check::with_fifos(fixture, fifos) {
            Ok(tree) => case.fixture = Arc::new(tree),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    if let Some(timeout) = &spec.timeout {
        match duration::parse(timeout.get_ref()) {
            Ok(timeout) => case.timeout = timeout,
            Err(problem) => diagnostics.push(Diagnostic::new(problem, timeout.span())),
        }
    }
    for redact in spec.redact.iter().flatten() {
        diagnostics.extend(check::replacement(&redact.with).err());
        match Regex::new(redact.pattern.get_ref()) {
            Ok(pattern) => case.redact.push(Redaction { pattern, with: redact.with.get_ref().clone() }),
            Err(error) => {
                let message = format!("invalid regular expression: {error}");
                diagnostics.push(Diagnostic::new(message, redact.pattern.span()));
            }
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    Ok(Case {
        about: spec.about.map(Spanned::into_inner),
        args: spec.args.into_iter().flatten().map(Spanned::into_inner).collect(),
        stdin: spec.stdin.unwrap_or_default(),
        stdin_file: spec.stdin_file.unwrap_or(false),
        stdout: spec.stdout.map(Into::into),
        terminal: spec.terminal.unwrap_or(false),
        fifos: spec.fifos.into_iter().flatten().map(|path| PathBuf::from(path.into_inner())).collect(),
        env: spec
            .env
            .into_iter()
            .map(|(key, value)| (key.into_inner(), value.into_inner()))
            .collect::<BTreeMap<_, _>>(),
        peer: spec.peer.map(Spanned::into_inner),
        builds: spec.builds.unwrap_or(true),
        overlap_expected: spec.overlap.is_some(),
        ..case
    })
}

fn grant(spec: &GrantSpec) -> Grant {
    let dirs = spec.dirs.iter().map(|dir| match dir.get_ref().split_once("::") {
        Some((host, guest)) => Directory { host: host.into(), guest: Some(guest.into()) },
        None => Directory { host: dir.get_ref().clone(), guest: None },
    });
    let env = spec.env.iter().map(|variable| match variable.get_ref().split_once('=') {
        Some((name, value)) => Variable { name: name.into(), value: Some(value.into()) },
        None => Variable { name: variable.get_ref().clone(), value: None },
    });
    Grant { dirs: dirs.collect(), env: env.collect(), network: spec.network, ..Grant::default() }
}

/// Reads the names of targets. Returns the targets in the order of [`Target::ALL`].
fn targets(written: Spanned<Vec<Spanned<String>>>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Target> {
    let at = written.span();
    let mut chosen = Vec::new();
    let earlier = diagnostics.len();
    for name in written.into_inner() {
        match Target::named(name.get_ref()) {
            Some(target) if chosen.contains(&target) => {
                diagnostics.push(Diagnostic::new(format!("`{target}` is listed twice"), name.span()));
            }
            Some(target) => chosen.push(target),
            None => {
                let names = Target::ALL.map(Target::name);
                let diagnostic = Diagnostic::new(format!("no target `{}`", name.get_ref()), name.span());
                diagnostics.push(diagnostic.help(match suggest(name.get_ref(), names) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the targets are {}", names.join(", ")),
                }));
            }
        }
    }
    if chosen.is_empty() && diagnostics.len() == earlier {
        diagnostics.push(Diagnostic::new("a case needs at least one target", at));
    }
    chosen.sort();
    chosen
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::diagnostic::draw;
    use crate::model::example::Module;
    use crate::support::mutate::mutate;

    const PACKAGES: Packages<'static> = Packages { own: "cat", modules: &[] };

    #[track_caller]
    fn check(text: &str, picture: &str) {
        let diagnostics = parse(text, &PACKAGES, &Arc::default()).expect_err("diagnostics");
        assert_eq!(draw(Path::new("cases.toml"), text, &diagnostics).trim(), picture.trim());
    }

    #[test]
    fn order_and_defaults() {
        let cases = parse(
            "[second]\nflags.z = ['--dir=.']\nflags.a = []\n[first]\ntargets = ['wasip2', 'native']\ntimeout = '2m'\n",
            &PACKAGES,
            &Arc::default(),
        )
        .unwrap();
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["second", "first"]);
        let rows: Vec<_> = cases[0].rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(rows, ["default", "z", "a"]);
        assert_eq!(cases[0].timeout, Duration::from_secs(10));
        assert_eq!(cases[1].targets, [Target::Native, Target::Wasip2]);
        assert_eq!(cases[1].timeout, Duration::from_secs(120));
    }

    #[test]
    fn a_misspelled_key() {
        check(
            "[sample]\nabout = \"x\"\narg = [\"sample.txt\"]\n",
            r#"
error: unknown field `arg`, expected one of `about`, `baseline`, `silent`, `remedy`, `apis`, `upstream`, `args`, `stdin`, `stdin_file`, `stdout`, `terminal`, `fifos`, `env`, `peer`, `grant`, `flags`, `compose`, `without`, `targets`, `timeout`, `redact`, `builds`, `overlap`
 --> cases.toml:3:1
  |
3 | arg = ["sample.txt"]
  | ^^^
  |
  = help: did you mean `args`?"#
                .trim_start(),
        );
    }

    #[test]
    fn hidden_characters_are_refused_where_they_could_forge_something() {
        for (line, at, message) in [
            (
                r#"env = { "E\n   native" = "x" }"#,
                r#""E\n   native""#,
                "invalid name of an environment variable: a name has no `=` and no hidden characters; this one has `\\n`",
            ),
            (
                r#"grant.x = { env = ["A\u202e=1"] }"#,
                r#""A\u202e=1""#,
                "not a variable to grant: a name has no `=` and no hidden characters; this one has `\\u{202e}`",
            ),
            (
                r#"flags."a\u001b" = []"#,
                r#""a\u001b""#,
                "invalid row name: a name consists of lower-case letters, digits, `-` and `_`; this one has '\\u{1b}'",
            ),
            (
                r#"about = "a\u009b2J""#,
                r#""a\u009b2J""#,
                "`about` is one line of visible text; this one has `\\u{9b}`",
            ),
            (
                r#"remedy = "a\u200b""#,
                r#""a\u200b""#,
                "`remedy` is one line of visible text; this one has `\\u{200b}`",
            ),
            (r#"upstream = ["https://e/)|<img>"]"#, r#""https://e/)|<img>""#, "not an address of a web page"),
        ] {
            let text = format!("[a]\n{line}\n");
            let found = parse(&text, &PACKAGES, &Arc::default()).expect_err("diagnostics");
            assert_eq!((found.len(), found[0].message.as_str()), (1, message));
            assert_eq!(&text[found[0].span.clone()], at);
        }
        // A value is spelled where it is shown.
        let text = "[a]\nargs = [\"\\u001b\"]\nenv.A = \"\\u202e\"\ngrant.x = { env = [\"A=\\n\"] }\n";
        assert!(parse(text, &PACKAGES, &Arc::default()).is_ok());
    }

    #[test]
    fn a_replacement_that_is_not_visible() {
        for (with, character) in [
            ("a\\nexit 0", "a line feed"),
            ("\\u001b[31m", "`\\u{1b}`"),
            ("\\u009b", "`\\u{9b}`"),
            ("\\r", "`\\r`"),
            ("\\u202e", "`\\u{202e}`"),
        ] {
            let text = format!("[a]\nredact = [{{ pattern = 'x', with = \"{with}\" }}]\n");
            let found = parse(&text, &PACKAGES, &Arc::default()).expect_err("diagnostics");
            let message = format!("a replacement is one line of visible text; this one has {character}");
            assert_eq!((found.len(), &found[0].message), (1, &message));
            assert_eq!(&text[found[0].span.clone()], format!("\"{with}\""));
        }
    }

    #[test]
    fn all_diagnostics_of_a_file() {
        check(
            "[Up]\n[a]\ntargets = ['wasm']\n[b]\nflags.default = []\nflags.x = ['--preload=m={wasm:dog}']\n",
            "
error: invalid case name: a name consists of lower-case letters, digits, `-` and `_`; this one has 'U'
 --> cases.toml:1:2
  |
1 | [Up]
  |  ^^
  |
error: no target `wasm`
 --> cases.toml:3:12
  |
3 | targets = ['wasm']
  |            ^^^^^^
  = help: the targets are native, wasip1, wasip2
error: `default` is the row without a grant or flags, which every case has
 --> cases.toml:5:7
  |
5 | flags.default = []
  |       ^^^^^^^
  = help: give this row another name
error: no package `dog` in this example
 --> cases.toml:6:12
  |
6 | flags.x = ['--preload=m={wasm:dog}']
  |            ^^^^^^^^^^^^^^^^^^^^^^^^
  = help: create this module in `modules/dog/`, or correct the name"
                .trim_start(),
        );
    }

    #[test]
    fn peers() {
        let module = |name: &str, is_program| Module { name: name.into(), is_program };
        let modules = [module("echo-server", true), module("greeter", false)];
        let packages = Packages { own: "cat", modules: &modules };
        let valid =
            "[a]\npeer = 'echo-server'\nargs = ['{port}']\nenv.P = '{port}'\nflags.x = ['--env=P={port}']\n";
        assert_eq!(parse(valid, &packages, &Arc::default()).unwrap()[0].peer.as_deref(), Some("echo-server"));

        let text = "[a]\npeer = 'eco-server'\n[b]\npeer = 'greeter'\n[c]\npeer = 'cat'\n\
                    [d]\nargs = ['x', 'localhost:{port}']\n";
        let diagnostics = parse(text, &packages, &Arc::default()).expect_err("diagnostics");
        assert_eq!(
            draw(Path::new("cases.toml"), text, &diagnostics).trim_end(),
            "
error: no module `eco-server` in this example
 --> cases.toml:2:8
  |
2 | peer = 'eco-server'
  |        ^^^^^^^^^^^^
  |
  = help: did you mean `echo-server`?
error: module `greeter` is a library
 --> cases.toml:4:8
  |
4 | peer = 'greeter'
  |        ^^^^^^^^^
  = help: a peer is a program, which needs `modules/greeter/src/main.rs`
error: no module `cat` in this example
 --> cases.toml:6:8
  |
6 | peer = 'cat'
  |        ^^^^^
  = help: a peer is a program in `modules/`: create `modules/cat/`, or correct the name
error: `{port}` without a peer
 --> cases.toml:8:14
  |
8 | args = ['x', 'localhost:{port}']
  |              ^^^^^^^^^^^^^^^^^^
  = help: add `peer = \"NAME\"`, which names the program in `modules/` that listens on the port"
                .trim_start()
        );
    }

    #[test]
    fn grants() {
        let text = "[a]\ngrant.x = { dirs = ['.', 'data::/d'], env = ['HOME', 'TZ=UTC'], network = true }\n\
                    flags.x = ['-W', 'fuel=1']\ngrant.y = { network = true }\n";
        let cases = parse(text, &PACKAGES, &Arc::default()).unwrap();
        let rows: Vec<_> = cases[0].rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(rows, ["default", "x", "y"]);
        let Row { grant, flags, .. } = &cases[0].rows[1];
        let dirs: Vec<_> = grant.dirs.iter().map(|dir| (dir.host.as_str(), dir.guest.as_deref())).collect();
        assert_eq!(dirs, [(".", None), ("data", Some("/d"))]);
        let env: Vec<_> =
            grant.env.iter().map(|variable| (variable.name.as_str(), variable.value.as_deref())).collect();
        assert_eq!(env, [("HOME", None), ("TZ", Some("UTC"))]);
        assert!(grant.network);
        assert_eq!(flags.join(" "), "-W fuel=1");
    }

    #[test]
    fn malformed_grants() {
        check(
            "[a]\ngrant.x = { dirs = ['.', '::/d'], env = ['=1'] }\ngrant.y = {}\ngrant.z = { dir = ['.'] }\n",
            "
error: unknown field `dir`, expected one of `dirs`, `env`, `network`
 --> cases.toml:4:13
  |
4 | grant.z = { dir = ['.'] }
  |             ^^^
  |
  = help: did you mean `dirs`?",
        );
        check(
            "[a]\ngrant.x = { dirs = ['.', '::/d'], env = ['=1'] }\ngrant.y = {}\n",
            "
error: not a directory to grant
 --> cases.toml:2:26
  |
2 | grant.x = { dirs = ['.', '::/d'], env = ['=1'] }
  |                          ^^^^^^
  |
  = help: write it as \"HOST\" or \"HOST::GUEST\"
error: not a variable to grant: a name is not empty
 --> cases.toml:2:42
  |
2 | grant.x = { dirs = ['.', '::/d'], env = ['=1'] }
  |                                          ^^^^
  = help: write it as \"NAME\" or \"NAME=value\"
error: the grant `y` allows nothing
 --> cases.toml:3:7
  |
3 | grant.y = {}
  |       ^
  = help: for example { dirs = [\".\"] }, { env = [\"HOME\"] } or { network = true }",
        );
    }

    #[test]
    fn defaults() {
        let text = "[defaults]\ngrant.dir-here = { dirs = ['.'] }\nflags.fuel = ['-W', 'fuel=1']\n\
                    env.A = '1'\nenv.B = '1'\ntimeout = '1m'\n\
                    [plain]\n\
                    [own]\nflags.fuel = ['-W', 'fuel=2']\nenv.B = '2'\ntimeout = '2m'\nwithout = ['dir-here']\n\
                    [native]\ntargets = ['native']\n";
        let cases = parse(text, &PACKAGES, &Arc::default()).unwrap();
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["plain", "own", "native"]);
        let rows = |case: &Case| {
            case.rows.iter().map(|row| format!("{} {}", row.name, row.flags.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(rows(&cases[0]), ["default ", "dir-here ", "fuel -W fuel=1"]);
        assert_eq!(rows(&cases[1]), ["default ", "fuel -W fuel=2"]);
        assert_eq!(rows(&cases[2]), ["default "]);
        let env = |case: &Case| case.env.values().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(cases.iter().map(env).collect::<Vec<_>>(), ["1 1", "1 2", "1 1"]);
        let minutes = cases.iter().map(|case| case.timeout.as_secs() / 60);
        assert_eq!(minutes.collect::<Vec<_>>(), [1, 2, 1]);
    }

    #[test]
    fn malformed_defaults() {
        check(
            "[defaults]\nabout = 'x'\nflags.x = ['{wasm:dog}']\n[a]\n[b]\nwithout = ['y']\n",
            "
error: `about` belongs to a single case, not to `[defaults]`
 --> cases.toml:2:9
  |
2 | about = 'x'
  |         ^^^
  |
error: no package `dog` in this example
 --> cases.toml:3:12
  |
3 | flags.x = ['{wasm:dog}']
  |            ^^^^^^^^^^^^
  = help: create this module in `modules/dog/`, or correct the name
error: no row `y` in `[defaults]`
 --> cases.toml:6:12
  |
6 | without = ['y']
  |            ^^^
  = help: did you mean `x`?",
        );
    }

    #[test]
    fn ten_thousand_mutated_files() {
        let valid = "[sample]\nabout = 'x'\nargs = ['a', 'b']\nstdin = \"in\\n\"\nenv.K = 'v'\n\
                    flags.dir-here = ['--dir=.', '{wasm:cat}']\ntargets = ['native', 'wasip1']\n\
                    timeout = '10s'\nredact = [{ pattern = 'x+', with = 'y' }]\n";
        let mut random = fastrand::Rng::with_seed(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            let text = mutate(&mut random, valid);
            if let Err(diagnostics) = parse(&text, &PACKAGES, &Arc::default()) {
                let drawn = draw(Path::new("cases.toml"), &text, &diagnostics);
                assert!(drawn.contains(" --> cases.toml:"), "{text:?}\n{drawn}");
                malformed += 1;
            }
        }
        assert!(malformed > 5_000, "{malformed}");
    }

    #[test]
    fn no_input_causes_a_panic() {
        for text in [
            "",
            "[",
            "a = 1",
            "[a]\nb",
            "[a]\nargs = 'x'",
            "[a.b]\nc=1",
            "a = {args = [1]}",
            "\u{feff}[a]",
            "[a]\nstdin = \"\\u0000\"",
        ] {
            if let Err(diagnostics) = parse(text, &PACKAGES, &Arc::default()) {
                assert!(!draw(Path::new("cases.toml"), text, &diagnostics).is_empty());
            }
        }
    }

    #[test]
    fn claims_of_a_case() {
        let parsed = |text: &str| parse(text, &PACKAGES, &Arc::default()).unwrap();
        let cases = parsed(
            "[defaults]\nbaseline = \"here\"\ngrant.here = { dirs = [\".\"] }\n\
             [a]\nsilent = [\"wasip2\"]\napis = [\"std::fs::read\"]\n[b]\nwithout = [\"here\"]",
        );
        assert_eq!(cases[0].baseline(), "here");
        assert_eq!(cases[0].claims.silent, [Target::Wasip2]);
        assert_eq!(cases[0].claims.apis, ["std::fs::read"]);
        // Without the row of the defaults, the baseline is the row that every case has.
        assert_eq!(cases[1].baseline(), "default");
    }

    /// Not even if no case inherits them.
    #[test]
    fn mistakes_in_the_defaults() {
        check(
            r#"
[defaults]
baseline = "heer"
timeout = "10"
grant.here = {}
peer = "server"
[a]
timeout = "1s"
without = ["here"]"#,
            r#"
error: no row `heer`
 --> cases.toml:3:12
  |
3 | baseline = "heer"
  |            ^^^^^^
  |
  = help: did you mean `here`?
error: not a duration: "10"; write it as "10s", "500ms" or "2m"
 --> cases.toml:4:11
  |
4 | timeout = "10"
  |           ^^^^
error: the grant `here` allows nothing
 --> cases.toml:5:7
  |
5 | grant.here = {}
  |       ^^^^
  = help: for example { dirs = ["."] }, { env = ["HOME"] } or { network = true }
error: no module `server` in this example
 --> cases.toml:6:8
  |
6 | peer = "server"
  |        ^^^^^^^^
  = help: a peer is a program in `modules/`: create `modules/server/`, or correct the name
"#,
        );
        // What only a case has, the defaults may use.
        let modules = [Module { name: "server".into(), is_program: true }];
        let packages = Packages { own: "cat", modules: &modules };
        let text = "[defaults]\nargs = ['{port}']\nbaseline = 'own'\n[a]\npeer = 'server'\ngrant.own = { network = true }\n";
        assert_eq!(parse(text, &packages, &Arc::default()).unwrap()[0].baseline(), "own");
    }

    #[test]
    fn code_is_between_backticks() {
        check(
            "[a]\nabout = 'of `fs::copy` and fs::read`'\n[b]\nremedy = '` `'\n[c]\nabout = '`fs::copy`, `a b`'\n",
            r#"
error: a backtick in `about` does not enclose code
 --> cases.toml:2:9
  |
2 | about = 'of `fs::copy` and fs::read`'
  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: code is between two backticks, without spaces at its ends, such as `fs::copy`
error: a backtick in `remedy` does not enclose code
 --> cases.toml:4:10
  |
4 | remedy = '` `'
  |          ^^^^^
  = help: code is between two backticks, without spaces at its ends, such as `fs::copy`
"#,
        );
    }

    #[test]
    fn malformed_claims() {
        check(
            r#"
[a]
baseline = "heer"
grant.here = { dirs = ["."] }
silent = ["native"]
apis = ["File::open"]
upstream = ["wasi-libc#1"]"#,
            r#"
error: no row `heer`
 --> cases.toml:3:12
  |
3 | baseline = "heer"
  |            ^^^^^^
  |
  = help: did you mean `here`?
error: the case does not run on `native`
 --> cases.toml:5:11
  |
5 | silent = ["native"]
  |           ^^^^^^^^
  = help: `silent` lists the wasm targets on which the program goes on with wrong data
error: not the path of an item of std
 --> cases.toml:6:9
  |
6 | apis = ["File::open"]
  |         ^^^^^^^^^^^^
  = help: for example "std::fs::File::open" or "std::println"
error: not an address of a web page
 --> cases.toml:7:13
  |
7 | upstream = ["wasi-libc#1"]
  |             ^^^^^^^^^^^^^
  = help: it starts with `https://`, and has only letters, digits and `-._~:/?#@!$&+,;=%`
"#,
        );
    }
}

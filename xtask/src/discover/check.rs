//! Checks of values in `cases.toml` that their types do not express.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use crate::diagnostic::Diagnostic;
use crate::discover::packages::Packages;
use crate::discover::spec::{GrantSpec, Spec};
use crate::model::case::{self, DEFAULT_ROW, PORT};
use crate::model::name;
use crate::model::tree::Tree;
use crate::support::escape::BYTE;
use crate::support::escape::is_hidden;
use crate::support::suggest::suggest;

/// Returns the diagnostic for a row that composes components in a case without a target that supports
/// components.
pub fn no_components(row: &Spanned<String>) -> Diagnostic {
    let name = row.get_ref();
    Diagnostic::new(
        format!("the row `{name}` composes components, and only wasip2 supports components"),
        row.span(),
    )
    .help("add `wasip2` to `targets`, or remove `compose`")
}

/// Returns the diagnostic for a row of a case without wasm targets. `case` is the span of the case's name.
pub fn no_host(row: &Spanned<String>, case: &Range<usize>) -> Diagnostic {
    let message = format!("the row `{}` needs a target that a host such as wasmtime runs", row.get_ref());
    Diagnostic::new(message, case.clone()).help("add `wasip1` or `wasip2` to `targets`, or remove the row")
}

/// Returns a diagnostic for each key of `[defaults]` that only a case can have.
pub fn only_of_a_case(defaults: &Spec) -> Vec<Diagnostic> {
    let about = defaults.about.iter().map(|about| ("about", about.span()));
    let without = defaults.without.iter().flatten().take(1).map(|row| ("without", row.span()));
    let diagnostic =
        |(key, at)| Diagnostic::new(format!("`{key}` belongs to a single case, not to `[defaults]`"), at);
    let silent = defaults.silent.iter().flatten().take(1).map(|target| ("silent", target.span()));
    about.chain(without).chain(silent).map(diagnostic).collect()
}

/// Checks that the rows in `without` are among `rows`, those of the defaults. Returns a diagnostic for each
/// that is not.
pub fn known_rows(without: &[Spanned<String>], rows: &[Spanned<String>]) -> Vec<Diagnostic> {
    let unknown = without.iter().filter(|row| !rows.contains(row));
    let diagnostic = |row: &Spanned<String>| {
        let diagnostic = Diagnostic::new(format!("no row `{}` in `[defaults]`", row.get_ref()), row.span());
        match suggest(row.get_ref(), rows.iter().map(|row| row.get_ref().as_str())) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help("`without` names rows of `[defaults]` that this case does not have"),
        }
    };
    unknown.map(diagnostic).collect()
}

/// Checks that a directory of a grant is written as `HOST` or `HOST::GUEST`.
///
/// # Errors
/// The diagnostic, if not.
pub fn granted_directory(dir: &Spanned<String>) -> Result<(), Diagnostic> {
    match dir.get_ref().split("::").collect::<Vec<_>>()[..] {
        [host] | [host, _] if host.is_empty() => Err(()),
        [_] => Ok(()),
        [_, guest] if !guest.is_empty() => Ok(()),
        _ => Err(()),
    }
    .map_err(|()| {
        Diagnostic::new("not a directory to grant", dir.span())
            .help("write it as \"HOST\" or \"HOST::GUEST\"")
    })
}

/// Checks that a variable of a grant is written as `NAME` or `NAME=value`.
///
/// # Errors
/// The diagnostic, if not.
pub fn granted_variable(variable: &Spanned<String>) -> Result<(), Diagnostic> {
    let name = variable.get_ref().split('=').next().unwrap_or_default();
    match name::variable_problem(name) {
        None => Ok(()),
        Some(problem) => Err(Diagnostic::new(format!("not a variable to grant: {problem}"), variable.span())
            .help("write it as \"NAME\" or \"NAME=value\"")),
    }
}

/// Checks that a grant is not empty.
///
/// # Errors
/// The diagnostic, if it is.
pub fn allows_something(row: &Spanned<String>, grant: &GrantSpec) -> Result<(), Diagnostic> {
    match grant.dirs.is_empty() && grant.env.is_empty() && !grant.network {
        false => Ok(()),
        true => Err(Diagnostic::new(format!("the grant `{}` allows nothing", row.get_ref()), row.span())
            .help("for example { dirs = [\".\"] }, { env = [\"HOME\"] } or { network = true }")),
    }
}

/// Checks that the value of `key` is one line for the reader, in which code is between backticks.
///
/// # Errors
/// The diagnostic, if not.
pub fn description(key: &str, value: &Spanned<String>) -> Result<(), Diagnostic> {
    if let Some(hidden) = hidden(value) {
        let message = format!("`{key}` is one line of visible text; this one has {hidden}");
        return Err(Diagnostic::new(message, value.span()));
    }
    let parts: Vec<_> = value.get_ref().split('`').collect();
    let is_code = |part: &&str| !part.is_empty() && part.trim() == *part;
    match parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(is_code) {
        true => Ok(()),
        false => Err(Diagnostic::new(format!("a backtick in `{key}` does not enclose code"), value.span())
            .help("code is between two backticks, without spaces at its ends, such as `fs::copy`")),
    }
}

/// Names the first hidden character of a value, if it has one.
pub fn hidden(value: &Spanned<String>) -> Option<String> {
    value.get_ref().chars().find(|c| is_hidden(*c)).map(|hidden| match hidden {
        '\n' => "a line feed".into(),
        _ => format!("`{}`", hidden.escape_debug()),
    })
}

/// Checks that the replacement of a redaction is one line of visible text, because it becomes a part of the
/// snapshot as it is.
///
/// # Errors
/// The diagnostic, if it is not.
pub fn replacement(with: &Spanned<String>) -> Result<(), Diagnostic> {
    let Some(hidden) = hidden(with) else { return Ok(()) };
    let message = format!("a replacement is one line of visible text; this one has {hidden}");
    Err(Diagnostic::new(message, with.span()).help("replace the text by a name in braces, such as `{time}`"))
}

/// Checks that a value that is passed to a program contains no NUL byte, which would end it (POSIX, `exec`).
///
/// # Errors
/// The diagnostic, if it contains one.
pub fn no_nul(word: &Spanned<String>) -> Result<(), Diagnostic> {
    if word.get_ref().contains('\0') {
        return Err(Diagnostic::new("a NUL byte cannot be passed to a program", word.span()));
    }
    Ok(())
}

/// Checks that each `{byte:…}` in an argument is complete, and is not a NUL byte.
///
/// # Errors
/// The diagnostic, if not.
pub fn spelled_bytes(arg: &Spanned<String>) -> Result<(), Diagnostic> {
    let is_byte = |part: &str| {
        let is_hex = |byte: &&str| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit());
        part.split_once('}').map(|(byte, _)| byte).filter(is_hex).is_some_and(|byte| byte != "00")
    };
    match arg.get_ref().split(BYTE).skip(1).all(is_byte) {
        true => Ok(()),
        false => Err(Diagnostic::new(
            "`{byte:` must be followed by two hexadecimal digits, not both 0, and `}`",
            arg.span(),
        )
        .help("for example `caf{byte:e9}`")),
    }
}

/// A placeholder that the harness replaces: how it is written, and the name by which it is recognized.
#[derive(Clone, Copy)]
pub struct Placeholder(&'static str, &'static str);

/// The absolute path of the scratch directory.
pub const CWD: Placeholder = Placeholder("{cwd}", "cwd");
/// The absolute path of a directory on another mount.
pub const MOUNT: Placeholder = Placeholder(case::MOUNT, "mount");
/// The port of the peer.
pub const PEER: Placeholder = Placeholder("{port}", "port");
/// A byte that is not valid UTF-8.
pub const ANY_BYTE: Placeholder = Placeholder("{byte:XX}", "byte");
/// The file of a package.
pub const WASM: Placeholder = Placeholder("{wasm:NAME}", "wasm");

/// Checks that `word` has no placeholders except `known`. What is in braces is a placeholder if it is a word
/// of lower-case letters, perhaps with a colon and a value; any other brace stands for itself.
///
/// # Errors
/// The diagnostic, if there is an unknown one.
pub fn known_placeholders(word: &Spanned<String>, known: &[Placeholder]) -> Result<(), Diagnostic> {
    for rest in word.get_ref().split('{').skip(1) {
        let Some((inside, _)) = rest.split_once('}') else { continue };
        let name = inside.split_once(':').map_or(inside, |(name, _)| name);
        let is_name = !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase());
        if !is_name
            || known.iter().any(|Placeholder(written, known)| {
                name == *known && written.contains(':') == inside.contains(':')
            })
        {
            continue;
        }
        let names = known.iter().map(|Placeholder(_, name)| *name);
        let meant = suggest(name, names).and_then(|meant| known.iter().find(|one| one.1 == meant));
        let all: Vec<_> = known.iter().map(|Placeholder(written, _)| format!("`{written}`")).collect();
        let help = match meant {
            Some(Placeholder(written, _)) => format!("did you mean `{written}`?"),
            None => format!("the placeholders here are {}", all.join(", ")),
        };
        return Err(Diagnostic::new(format!("unknown placeholder `{{{inside}}}`"), word.span()).help(help));
    }
    Ok(())
}

/// Checks that a path is relative and does not leave the scratch directory.
///
/// # Errors
/// The diagnostic, if not.
pub fn path_below(path: &Spanned<String>) -> Result<(), Diagnostic> {
    use std::path::Component;
    let is_name = |component| matches!(component, Component::Normal(_));
    let written = path.get_ref();
    match !written.is_empty() && Path::new(written).components().all(is_name) && !written.contains('\\') {
        true => no_nul(path),
        false => Err(Diagnostic::new("not a path in the scratch directory", path.span())
            .help("use a relative path without `.`, `..` or `\\`, such as `fifos = [\"directory/name\"]`")),
    }
}

/// Returns the fixture with these FIFOs and the directories that contain them.
///
/// # Errors
/// The diagnostic, if something else is at one of these paths.
pub fn with_fifos(fixture: &Tree, fifos: &[Spanned<String>]) -> Result<Tree, Diagnostic> {
    fifos.iter().try_fold(fixture.clone(), |tree, fifo| {
        tree.with_fifo(Path::new(fifo.get_ref())).map_err(|(path, problem)| {
            Diagnostic::new(format!("`{}` is {problem}", path.display()), fifo.span())
                .help("use a path that neither the fixture nor another FIFO uses")
        })
    })
}

/// Checks that a key of `env` can be the name of an environment variable.
///
/// # Errors
/// The diagnostic, if not.
pub fn variable_name(key: &Spanned<String>) -> Result<(), Diagnostic> {
    match name::variable_problem(key.get_ref()) {
        None => Ok(()),
        Some(problem) => {
            Err(Diagnostic::new(format!("invalid name of an environment variable: {problem}"), key.span()))
        }
    }
}

/// Checks the name of a row: it is valid, and is not `default`.
///
/// # Errors
/// The diagnostic, if not.
pub fn row_name(row: &Spanned<String>) -> Result<(), Diagnostic> {
    if row.get_ref() == DEFAULT_ROW {
        return Err(Diagnostic::new(
            "`default` is the row without a grant or flags, which every case has",
            row.span(),
        )
        .help("give this row another name"));
    }
    match name::problem(row.get_ref()) {
        Some(problem) => Err(Diagnostic::new(format!("invalid row name: {problem}"), row.span())),
        None => Ok(()),
    }
}

/// Checks that each `{wasm:NAME}` in a flag names a package of this example.
///
/// # Errors
/// The diagnostic, if not.
pub fn known_packages(flag: &Spanned<String>, packages: &Packages<'_>) -> Result<(), Diagnostic> {
    for rest in flag.get_ref().split("{wasm:").skip(1) {
        let Some((name, _)) = rest.split_once('}') else {
            return Err(Diagnostic::new("`{wasm:` without a closing `}`", flag.span()));
        };
        if !packages.has(name) {
            let diagnostic = Diagnostic::new(format!("no package `{name}` in this example"), flag.span());
            return Err(match suggest(name, packages.names()) {
                Some(meant) => diagnostic.help(format!("did you mean `{{wasm:{meant}}}`?")),
                None => {
                    diagnostic.help(format!("create this module in `modules/{name}/`, or correct the name"))
                }
            });
        }
    }
    Ok(())
}

/// Checks that a peer is a module, and that this module is a program.
///
/// # Errors
/// The diagnostic, if not.
pub fn known_peer(peer: &Spanned<String>, packages: &Packages<'_>) -> Result<(), Diagnostic> {
    let name = peer.get_ref();
    match packages.modules.iter().find(|module| module.name == *name) {
        Some(module) if module.is_program => Ok(()),
        Some(_) => Err(Diagnostic::new(format!("module `{name}` is a library"), peer.span())
            .help(format!("a peer is a program, which needs `modules/{name}/src/main.rs`"))),
        None => Err(Diagnostic::new(format!("no module `{name}` in this example"), peer.span()).help(
            match suggest(name, packages.module_names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!(
                    "a peer is a program in `modules/`: create `modules/{name}/`, or correct the name"
                ),
            },
        )),
    }
}

/// Checks that `{port}` is used only in a case with a peer.
///
/// # Errors
/// The diagnostic, if not.
pub fn known_port(word: &Spanned<String>, has_peer: bool) -> Result<(), Diagnostic> {
    if word.get_ref().contains(PORT) && !has_peer {
        return Err(Diagnostic::new(format!("`{PORT}` without a peer"), word.span())
            .help("add `peer = \"NAME\"`, which names the program in `modules/` that listens on the port"));
    }
    Ok(())
}

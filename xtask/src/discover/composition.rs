//! Reads which component is plugged into which, for one row of `cases.toml`.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::diagnostic::Diagnostic;
use crate::discover::packages::Packages;
use crate::model::composition::Composition;
use crate::support::suggest::suggest;

/// A composition as it is written in `cases.toml`: for each socket, its plugs.
pub type Spec = BTreeMap<Spanned<String>, Spanned<Vec<Spanned<String>>>>;

/// Checks the composition of the row that is named `row`, and returns it.
///
/// # Errors
/// If a package is unknown, the composition is cyclic, or a part of it has no effect. Returns all
/// diagnostics, in the order of the file.
pub fn read(
    row: &Spanned<String>,
    spec: &Spec,
    packages: &Packages<'_>,
) -> Result<Composition, Vec<Diagnostic>> {
    let mut diagnostics: Vec<Diagnostic> = spec
        .keys()
        .chain(spec.values().flat_map(Spanned::get_ref))
        .filter_map(|name| unknown(name, packages))
        .collect();
    for (socket, plugs) in spec {
        if plugs.get_ref().is_empty() {
            let diagnostic =
                Diagnostic::new(format!("nothing is plugged into `{}`", socket.get_ref()), plugs.span());
            diagnostics.push(diagnostic.help("list the packages that fill its imports, or remove this key"));
        }
        for (index, plug) in plugs.get_ref().iter().enumerate() {
            if plugs.get_ref()[..index].contains(plug) {
                diagnostics
                    .push(Diagnostic::new(format!("`{}` is listed twice", plug.get_ref()), plug.span()));
            }
        }
    }
    let mut composition = Composition::default();
    for (socket, plugs) in spec {
        let plugs = plugs.get_ref().iter().map(|plug| plug.get_ref().clone());
        composition.plug(socket.get_ref(), plugs);
    }
    if diagnostics.is_empty() {
        diagnostics.extend(cycles(spec));
        diagnostics.extend(unused(row, spec, &composition, packages.own));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    if diagnostics.is_empty() { Ok(composition) } else { Err(diagnostics) }
}

fn unknown(package: &Spanned<String>, packages: &Packages<'_>) -> Option<Diagnostic> {
    let name = package.get_ref();
    if packages.has(name) {
        return None;
    }
    let diagnostic = Diagnostic::new(format!("no package `{name}` in this example"), package.span());
    Some(match suggest(name, packages.names()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => diagnostic.help(format!("create this module in `modules/{name}/`, or correct the name")),
    })
}

/// Returns a diagnostic for each plug that closes a cycle, in the order of the file: its socket is already
/// a part of it.
fn cycles(spec: &Spec) -> Vec<Diagnostic> {
    let edges =
        spec.iter().flat_map(|(socket, plugs)| plugs.get_ref().iter().map(move |plug| (socket, plug)));
    let mut edges: Vec<_> = edges.collect();
    edges.sort_by_key(|(_, plug)| plug.span().start);
    let mut diagnostics = Vec::new();
    let mut acyclic = Composition::default();
    for (socket, plug) in edges {
        let (socket, name) = (socket.get_ref(), plug.get_ref());
        if acyclic.parts(name).contains(socket.as_str()) {
            let message = match socket == name {
                true => format!("`{name}` cannot be plugged into itself"),
                false => format!("`{name}` cannot be plugged into `{socket}`, which is a part of it"),
            };
            diagnostics.push(
                Diagnostic::new(message, plug.span()).help("a component is composed before it is plugged in"),
            );
        } else {
            acyclic.plug(socket, [name.clone()]);
        }
    }
    diagnostics
}

/// Returns a diagnostic for each socket that does not become a part of the program, and so has no effect.
fn unused(row: &Spanned<String>, spec: &Spec, composition: &Composition, own: &str) -> Vec<Diagnostic> {
    if composition.plugs(own).is_empty() {
        let diagnostic = Diagnostic::new(format!("nothing is plugged into the program `{own}`"), row.span());
        return vec![diagnostic.help(format!("list the packages that fill its imports: {own} = [\"…\"]"))];
    }
    let parts = composition.parts(own);
    spec.keys()
        .filter(|socket| !parts.contains(socket.get_ref().as_str()))
        .map(|socket| {
            let name = socket.get_ref();
            Diagnostic::new(format!("`{name}` is not plugged into `{own}` or a part of it"), socket.span())
                .help(format!("plug it in, such as {own} = [\"{name}\"], or remove this key"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::draw;
    use crate::discover::cases;
    use crate::model::case::Case;
    use crate::model::example::Module;
    use crate::support::mutate::mutate;

    /// Parses a file of the example `cat`, and returns its first case.
    fn parse(text: &str) -> Result<Case, Vec<Diagnostic>> {
        let modules = ["dog", "eel", "fox"].map(|name| Module { name: name.into(), is_program: false });
        cases::parse(text, &Packages { own: "cat", modules: &modules }, &std::sync::Arc::default())
            .map(|mut cases| cases.remove(0))
    }

    fn row(compose: &str) -> String {
        format!("[c]\ncompose.x = {compose}\n")
    }

    #[track_caller]
    fn check(compose: &str, drawn: &str, order: &[&str]) {
        let composition = parse(&row(compose)).unwrap().rows[1].compose.clone();
        assert_eq!(composition.draw("cat"), drawn);
        let sockets: Vec<_> = composition.order("cat").iter().map(|(socket, _)| *socket).collect();
        assert_eq!(sockets, order);
    }

    #[test]
    fn plugs_are_composed_before_their_sockets() {
        check("{ cat = ['dog'] }", "cat ← dog", &["cat"]);
        check("{ cat = ['fox'], fox = ['dog'] }", "cat ← fox ← dog", &["fox", "cat"]);
        check("{ cat = ['fox', 'eel'], fox = ['dog'] }", "cat ← (fox ← dog, eel)", &["fox", "cat"]);
        check(
            "{ cat = ['dog', 'eel'], dog = ['fox'], eel = ['dog'] }",
            "cat ← (dog ← fox, eel ← dog ← fox)",
            &["dog", "eel", "cat"],
        );
    }

    #[test]
    fn a_row_can_have_flags_and_components() {
        let case = parse(
            "[c]\ncompose.z = { cat = ['dog'] }\nflags.b = ['-Sinherit-env']\ncompose.b = { cat = ['eel'] }\nflags.a = []\n",
        )
        .unwrap();
        let rows = case.rows.iter().map(|row| (row.name.as_str(), row.flags.len(), row.compose.draw("cat")));
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [
                ("default", 0, "cat".to_string()),
                ("z", 0, "cat ← dog".to_string()),
                ("b", 1, "cat ← eel".to_string()),
                ("a", 0, "cat".to_string())
            ]
        );
        let composition = &case.rows[1].compose;
        assert_eq!(["cat", "dog", "eel"].map(|package| composition.has(package)), [true, true, false]);
    }

    /// Checks the message of each diagnostic, and the text at which it points.
    #[track_caller]
    fn check_diagnostics(text: &str, expected: &[(&str, &str)]) {
        let diagnostics = parse(text).unwrap_err();
        let found: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| (diagnostic.message.as_str(), &text[diagnostic.span.clone()]))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn diagnostics_are_in_the_order_of_the_file() {
        let text = row("{ cat = ['dig'], wolf = ['eel'] }");
        let picture = "
error: no package `dig` in this example
 --> cases.toml:2:22
  |
2 | compose.x = { cat = ['dig'], wolf = ['eel'] }
  |                      ^^^^^
  |
  = help: did you mean `dog`?
error: no package `wolf` in this example
 --> cases.toml:2:30
  |
2 | compose.x = { cat = ['dig'], wolf = ['eel'] }
  |                              ^^^^
  = help: create this module in `modules/wolf/`, or correct the name";
        assert_eq!(draw(Path::new("cases.toml"), &text, &parse(&text).unwrap_err()), picture.trim_start());
    }

    #[test]
    fn cycles() {
        check_diagnostics(
            &row("{ cat = ['dog'], dog = ['eel'], eel = ['dog', 'eel', 'fox'] }"),
            &[
                ("`dog` cannot be plugged into `eel`, which is a part of it", "'dog'"),
                ("`eel` cannot be plugged into itself", "'eel'"),
            ],
        );
        check_diagnostics(
            &row("{ cat = ['dog'], dog = ['cat'] }"),
            &[("`cat` cannot be plugged into `dog`, which is a part of it", "'cat'")],
        );
    }

    #[test]
    fn sockets_without_effect() {
        check_diagnostics(
            &row("{ cat = ['dog'], eel = ['fox'] }"),
            &[("`eel` is not plugged into `cat` or a part of it", "eel")],
        );
        let nothing = ("nothing is plugged into the program `cat`", "x");
        check_diagnostics(&row("{ dog = ['eel'] }"), &[nothing]);
        check_diagnostics(&row("{}"), &[nothing]);
        check_diagnostics(&row("{ cat = ['dog'], dog = [] }"), &[("nothing is plugged into `dog`", "[]")]);
        check_diagnostics(&row("{ cat = ['dog', 'dog'] }"), &[("`dog` is listed twice", "'dog'")]);
    }

    #[test]
    fn invalid_rows() {
        let default = "`default` is the row without a grant or flags, which every case has";
        check_diagnostics("[c]\ncompose.default = { cat = ['dog'] }\n", &[(default, "default")]);
        check_diagnostics(
            "[c]\ntargets = ['native', 'wasip1']\ncompose.x = { cat = ['dog'] }\n",
            &[("the row `x` composes components, and only wasip2 supports components", "x")],
        );
        let name =
            "invalid row name: a name consists of lower-case letters, digits, `-` and `_`; this one has 'X'";
        check_diagnostics("[c]\ncompose.X = { cat = ['dog'] }\n", &[(name, "X")]);
    }

    #[test]
    fn ten_thousand_mutated_rows() {
        let valid = row("{ cat = ['dog', 'eel'], dog = ['fox'], eel = ['dog'] }");
        let mut random = fastrand::Rng::with_seed(1);
        let (mut malformed, mut composed) = (0, 0);
        for _ in 0..10_000 {
            let text = mutate(&mut random, &valid);
            match parse(&text) {
                Ok(case) => {
                    for row in &case.rows {
                        composed += usize::from(!row.compose.is_empty());
                        assert_is_in_order(&row.compose, &text);
                    }
                }
                Err(diagnostics) => {
                    assert!(!diagnostics.is_empty(), "{text}");
                    assert!(diagnostics.iter().all(|one| text.get(one.span.clone()).is_some()), "{text}");
                    malformed += 1;
                }
            }
        }
        assert!(malformed > 5_000 && composed > 100, "{malformed} malformed, {composed} composed");
    }

    /// Checks that each socket follows the sockets that are plugged into it, and that the program is last.
    #[track_caller]
    fn assert_is_in_order(composition: &Composition, text: &str) {
        let order = composition.order("cat");
        let mut done: Vec<&str> = Vec::new();
        for (socket, plugs) in &order {
            for plug in plugs.iter().filter(|plug| composition.is_socket(plug)) {
                assert!(done.contains(&plug.as_str()), "{plug} is composed after {socket}: {text}");
            }
            assert!(!done.contains(socket), "{socket} is composed twice: {text}");
            done.push(socket);
        }
        assert_eq!(
            order.last().map(|(socket, _)| *socket),
            (!composition.is_empty()).then_some("cat"),
            "{text}"
        );
    }
}

//! Which component is plugged into which, for one row: read from `cases.toml`, ordered and drawn.
//!
//! Nothing here does I/O. A composition that was read without a fault is a tree (or several that
//! share branches) that grows from the example's own program.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use crate::cases::Packages;
use crate::fault::Fault;
use crate::name;

/// A composition as it stands in `cases.toml`.
pub type Spec = BTreeMap<Spanned<String>, Spanned<Vec<Spanned<String>>>>;

/// The packages whose exports fill the imports of a package, by that package. Empty where a row
/// runs the program as it is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composition(BTreeMap<String, Vec<String>>);

/// Stands in a drawing between a package and what is plugged into it.
pub const PLUGGED: &str = " ← ";

/// A package into which others are plugged.
pub type Socket<'a> = (&'a str, &'a [String]);

impl Composition {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the package is a part of it.
    pub fn has(&self, package: &str) -> bool {
        self.0.iter().any(|(socket, plugs)| socket == package || plugs.iter().any(|plug| plug == package))
    }

    /// Whether something is plugged into the package.
    pub fn is_socket(&self, package: &str) -> bool {
        !self.plugs(package).is_empty()
    }

    fn plugs(&self, package: &str) -> &[String] {
        self.0.get(package).map_or(&[], Vec::as_slice)
    }

    /// The sockets that `package` consists of, each after those that are plugged into it, and
    /// `package` itself last.
    pub fn order<'a>(&'a self, package: &'a str) -> Vec<Socket<'a>> {
        let mut order = Vec::new();
        self.add_in_order(package, &mut order);
        order
    }

    fn add_in_order<'a>(&'a self, package: &'a str, order: &mut Vec<Socket<'a>>) {
        let plugs = self.plugs(package);
        if plugs.is_empty() || order.iter().any(|(socket, _)| *socket == package) {
            return;
        }
        plugs.iter().for_each(|plug| self.add_in_order(plug, order));
        order.push((package, plugs));
    }

    /// The packages that `package` consists of.
    fn parts<'a>(&'a self, package: &'a str) -> BTreeSet<&'a str> {
        let mut parts = BTreeSet::new();
        let mut left = vec![package];
        while let Some(package) = left.pop() {
            if parts.insert(package) {
                left.extend(self.plugs(package).iter().map(String::as_str));
            }
        }
        parts
    }

    /// What `package` consists of: `cat ← dog ← fox`, or `cat ← (dog ← fox, eel)` where several are
    /// plugged into one.
    pub fn draw(&self, package: &str) -> String {
        let plugs: Vec<_> = self.plugs(package).iter().map(|plug| self.draw(plug)).collect();
        match plugs.as_slice() {
            [] => package.to_string(),
            [plug] => format!("{package}{PLUGGED}{plug}"),
            plugs => format!("{package}{PLUGGED}({})", plugs.join(", ")),
        }
    }
}

/// Checks what is plugged into what in the row of that name, and gives it, or says all that is wrong.
pub fn read(row: &Spanned<String>, spec: Spec, packages: &Packages<'_>) -> Result<Composition, Vec<Fault>> {
    let mut faults: Vec<Fault> = spec
        .keys()
        .chain(spec.values().flat_map(Spanned::get_ref))
        .filter_map(|name| unknown(name, packages))
        .collect();
    for (socket, plugs) in &spec {
        if plugs.get_ref().is_empty() {
            let fault = Fault::new(format!("nothing is plugged into `{}`", socket.get_ref()), plugs.span());
            faults.push(fault.help("name the packages that fill its imports, or remove this"));
        }
        for (index, plug) in plugs.get_ref().iter().enumerate() {
            if plugs.get_ref()[..index].contains(plug) {
                faults.push(Fault::new(format!("`{}` stands here twice", plug.get_ref()), plug.span()));
            }
        }
    }
    let mut composition = Composition::default();
    for (socket, plugs) in &spec {
        let plugs = plugs.get_ref().iter().map(|plug| plug.get_ref().clone()).collect();
        composition.0.insert(socket.get_ref().clone(), plugs);
    }
    if faults.is_empty() {
        faults.extend(loops(&spec));
        faults.extend(left_out(row, &spec, &composition, packages.own));
    }
    faults.sort_by_key(|fault| fault.at.start);
    if faults.is_empty() { Ok(composition) } else { Err(faults) }
}

fn unknown(package: &Spanned<String>, packages: &Packages<'_>) -> Option<Fault> {
    let name = package.get_ref();
    if packages.has(name) {
        return None;
    }
    let fault = Fault::new(format!("no package `{name}` in this example"), package.span());
    Some(match name::suggest(name, packages.names()) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => fault.help(format!("its modules stand in `modules/`; this would be `modules/{name}/`")),
    })
}

/// Each plug that, as the file is read, would come to hold what it is plugged into.
fn loops(spec: &Spec) -> Vec<Fault> {
    let edges =
        spec.iter().flat_map(|(socket, plugs)| plugs.get_ref().iter().map(move |plug| (socket, plug)));
    let mut edges: Vec<_> = edges.collect();
    edges.sort_by_key(|(_, plug)| plug.span().start);
    let mut faults = Vec::new();
    let mut before = Composition::default();
    for (socket, plug) in edges {
        let (socket, name) = (socket.get_ref(), plug.get_ref());
        if before.parts(name).contains(socket.as_str()) {
            let what = match socket == name {
                true => format!("`{name}` cannot be plugged into itself"),
                false => format!("`{name}` cannot be plugged into `{socket}`, which is a part of it"),
            };
            faults
                .push(Fault::new(what, plug.span()).help("a component is composed before it is plugged in"));
        } else {
            before.0.entry(socket.clone()).or_default().push(name.clone());
        }
    }
    faults
}

/// What never becomes a part of the program, and so would silently mean nothing.
fn left_out(row: &Spanned<String>, spec: &Spec, composition: &Composition, own: &str) -> Vec<Fault> {
    if composition.plugs(own).is_empty() {
        let fault = Fault::new(format!("nothing is plugged into the program `{own}`"), row.span());
        return vec![fault.help(format!("say what fills its imports: {own} = [\"…\"]"))];
    }
    let parts = composition.parts(own);
    spec.keys()
        .filter(|socket| !parts.contains(socket.get_ref().as_str()))
        .map(|socket| {
            let name = socket.get_ref();
            Fault::new(
                format!("`{name}` is plugged into nothing that becomes a part of `{own}`"),
                socket.span(),
            )
            .help(format!("plug it into something, such as {own} = [\"{name}\"], or remove this"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cases::{self, Case};
    use crate::example::Module;
    use crate::fault::draw;
    use crate::random::Random;

    /// The one case in a file of the example `cat`.
    fn parse(text: &str) -> Result<Case, Vec<Fault>> {
        let modules = ["dog", "eel", "fox"].map(|name| Module { name: name.into(), is_program: false });
        cases::parse(text, &Packages { own: "cat", modules: &modules }).map(|mut cases| cases.remove(0))
    }

    fn row(compose: &str) -> String {
        format!("[c]\ncompose.x = {compose}\n")
    }

    #[track_caller]
    fn check(compose: &str, drawn: &str, order: &[&str]) {
        let composition = parse(&row(compose)).unwrap().flag_sets[1].compose.clone();
        assert_eq!(composition.draw("cat"), drawn);
        let sockets: Vec<_> = composition.order("cat").iter().map(|(socket, _)| *socket).collect();
        assert_eq!(sockets, order);
    }

    #[test]
    fn what_is_plugged_in_is_composed_first() {
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
    fn rows_of_flags_and_of_components() {
        let case = parse(
            "[c]\ncompose.z = { cat = ['dog'] }\nflags.b = ['-Sinherit-env']\ncompose.b = { cat = ['eel'] }\nflags.a = []\n",
        )
        .unwrap();
        let rows =
            case.flag_sets.iter().map(|set| (set.name.as_str(), set.flags.len(), set.compose.draw("cat")));
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [
                ("default", 0, "cat".to_string()),
                ("z", 0, "cat ← dog".to_string()),
                ("b", 1, "cat ← eel".to_string()),
                ("a", 0, "cat".to_string())
            ]
        );
        let composition = &case.flag_sets[1].compose;
        assert_eq!(["cat", "dog", "eel"].map(|package| composition.has(package)), [true, true, false]);
    }

    /// Checks for each fault what is wrong, and the text at which it points.
    #[track_caller]
    fn check_faults(text: &str, expected: &[(&str, &str)]) {
        let faults = parse(text).unwrap_err();
        let found: Vec<_> =
            faults.iter().map(|fault| (fault.what.as_str(), &text[fault.at.clone()])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn faults_are_drawn_in_the_order_of_the_file() {
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
  = help: its modules stand in `modules/`; this would be `modules/wolf/`";
        assert_eq!(draw(Path::new("cases.toml"), &text, &parse(&text).unwrap_err()), picture.trim_start());
    }

    #[test]
    fn cycles() {
        check_faults(
            &row("{ cat = ['dog'], dog = ['eel'], eel = ['dog', 'eel', 'fox'] }"),
            &[
                ("`dog` cannot be plugged into `eel`, which is a part of it", "'dog'"),
                ("`eel` cannot be plugged into itself", "'eel'"),
            ],
        );
        check_faults(
            &row("{ cat = ['dog'], dog = ['cat'] }"),
            &[("`cat` cannot be plugged into `dog`, which is a part of it", "'cat'")],
        );
    }

    #[test]
    fn what_is_plugged_nowhere() {
        check_faults(
            &row("{ cat = ['dog'], eel = ['fox'] }"),
            &[("`eel` is plugged into nothing that becomes a part of `cat`", "eel")],
        );
        let nothing = ("nothing is plugged into the program `cat`", "x");
        check_faults(&row("{ dog = ['eel'] }"), &[nothing]);
        check_faults(&row("{}"), &[nothing]);
        check_faults(&row("{ cat = ['dog'], dog = [] }"), &[("nothing is plugged into `dog`", "[]")]);
        check_faults(&row("{ cat = ['dog', 'dog'] }"), &[("`dog` stands here twice", "'dog'")]);
    }

    #[test]
    fn rows_that_cannot_be() {
        let default = "`default` is the row without flags, which every case has";
        check_faults("[c]\ncompose.default = { cat = ['dog'] }\n", &[(default, "default")]);
        check_faults(
            "[c]\ntargets = ['native', 'wasip1']\ncompose.x = { cat = ['dog'] }\n",
            &[("the row `x` composes components, and only wasip2 has such", "x")],
        );
        let name = "not a name for a flag set: a name consists of lower-case letters, digits, `-` and `_`; this one has 'X'";
        check_faults("[c]\ncompose.X = { cat = ['dog'] }\n", &[(name, "X")]);
    }

    #[test]
    fn ten_thousand_mutated_rows() {
        let good = row("{ cat = ['dog', 'eel'], dog = ['fox'], eel = ['dog'] }");
        let mut random = Random::new(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            match parse(&random.mutate(&good)) {
                Ok(case) => case.flag_sets.iter().for_each(|set| {
                    assert!(set.compose.order("cat").len() <= 4);
                    assert!(set.compose.draw("cat").starts_with("cat"));
                }),
                Err(faults) => malformed += usize::from(!faults.is_empty()),
            }
        }
        assert!(malformed > 5_000, "{malformed}");
    }
}

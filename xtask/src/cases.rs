//! `cases.toml`: the ways to call one example, read with errors that point at the place.

mod check;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use regex_lite::Regex;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, ValueDeserializer};

use self::check::{
    flag_set_name, known_packages, known_peer, known_port, no_components, no_nul, one_line, path_below,
    spelled_bytes, variable_name,
};
use crate::composition::{self, Composition};
use crate::example::Module;
use crate::fault::Fault;
use crate::name;
use crate::target::Target;

/// How long a cell may run where its case does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The flag set that every case has, without flags; the only one that runs natively.
pub const DEFAULT_FLAG_SET: &str = "default";

/// What stands for the port of a case's peer, in the case and in outcomes.
pub const PORT: &str = "{port}";

/// One way to call an example: one snapshot file, one table.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// One line for people: what this case shows.
    pub about: Option<String>,
    pub args: Vec<String>,
    pub stdin: String,
    /// What its standard output is, if not what is recorded.
    pub stdout: Option<Stdout>,
    /// Paths in the scratch folder at which there are FIFOs, with their places in cases.toml.
    pub fifos: Vec<Spanned<String>>,
    /// The environment of the host process, beside the fixed set.
    pub env: BTreeMap<String, String>,
    /// The module that is started for each cell before its program, for that to connect to.
    pub peer: Option<String>,
    /// The rows: `default` first, then as they stand in the file.
    pub flag_sets: Vec<FlagSet>,
    /// The columns, in the order of [`Target::ALL`].
    pub targets: Vec<Target>,
    pub timeout: Duration,
    pub redact: Vec<Redaction>,
    /// Whether its instances are meant to lie on one another.
    pub overlap: Option<Overlap>,
}

/// A named list of wasmtime flags: a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagSet {
    pub name: String,
    /// As written, placeholders included.
    pub flags: Vec<String>,
    /// What is plugged into the program before it runs.
    pub compose: Composition,
}

/// A standard output that nobody records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stdout {
    /// A pipe that nobody reads any more.
    Broken,
    /// A device without room.
    Full,
}

/// What a case says about instances that lie on one another in a shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    Expected,
}

/// What differs from run to run, and what stands for it.
#[derive(Clone, Debug)]
pub struct Redaction {
    pub pattern: Regex,
    pub with: String,
}

impl Case {
    /// The case that an example without `cases.toml` has.
    pub fn default_case() -> Case {
        Spec::default()
            .into_case("default".into(), &Packages { own: "", modules: &[] }, 0..0)
            .expect("an empty case has nothing to find fault with")
    }

    /// Whether the row has a cell in the column of that target: flags mean nothing to a native
    /// program, and only components can be composed.
    pub fn runs(&self, flag_set: &FlagSet, target: Target) -> bool {
        self.targets.contains(&target)
            && (target.is_wasm() || flag_set.name == DEFAULT_FLAG_SET)
            && (target.has_components() || flag_set.compose.is_empty())
    }
}

/// The packages that a case may name: the example's own and its modules'.
pub struct Packages<'a> {
    pub own: &'a str,
    pub modules: &'a [Module],
}

impl<'a> Packages<'a> {
    fn module_names(&self) -> impl Iterator<Item = &'a str> {
        self.modules.iter().map(|module| module.name.as_str())
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.module_names().chain([self.own])
    }

    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

// The JSON schema that editors complete from is made of this type and of its comments.
/// A way to call the program: one snapshot, one table of letters.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "case"))]
#[serde(deny_unknown_fields, default)]
struct Spec {
    /// One line for people: what this case shows.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    about: Option<Spanned<String>>,
    /// The program's arguments. `{cwd}` is the absolute scratch folder, `{byte:e9}` a byte that is no
    /// UTF-8, `{port}` the peer's port.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    args: Vec<Spanned<String>>,
    /// What the program reads from its standard input; empty if not given.
    stdin: String,
    /// What its standard output is, if not what the outcome shows: `"broken"`, a pipe whose reader has
    /// gone, or `"full"`, a device that is full.
    stdout: Option<Stdout>,
    /// FIFOs (named pipes) to make in the scratch folder, by their paths, with the folders that they
    /// are in: git keeps none in `fixture/`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    fifos: Vec<Spanned<String>>,
    /// Variables of the host process, beside LC_ALL, TZ, HOME and TMPDIR. The native program sees
    /// them; a wasm guest sees only what flags such as `--env` pass on. `{cwd}` is the absolute
    /// scratch folder, `{port}` the peer's port.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    env: BTreeMap<Spanned<String>, Spanned<String>>,
    /// A program in this example's `modules/`, for the cells to connect to. Each cell has one of its
    /// own, always native. It prints the number of its port, in one line, once it listens there, and
    /// serves until it is ended.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    peer: Option<Spanned<String>>,
    /// Named lists of wasmtime flags, each a row of the table: `flags.NAME = ["--dir=."]`.
    /// `{wasm:NAME}` is the path of that package's artifact for the row's target, `{cwd}` the
    /// absolute scratch folder, `{port}` the peer's port. The row `default`, without flags, is always there.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Vec<String>>"))]
    flags: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    /// What is plugged into the program before it runs, for rows that run it so on wasip2, the only
    /// target with components: `compose.NAME = { program = ["module"], module = ["other"] }` says by
    /// package which packages fill its imports. A row can have flags and this.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, BTreeMap<String, Vec<String>>>"))]
    compose: BTreeMap<Spanned<String>, composition::Spec>,
    /// The columns that this case has: any of `native`, `wasip1`, `wasip2`; all if not given.
    #[cfg_attr(test, schemars(with = "Option<Vec<TargetName>>"))]
    targets: Option<Spanned<Vec<Spanned<String>>>>,
    /// How long a cell may run, as "10s", "500ms" or "2m"; 10 s if not given. A cell that takes
    /// longer is ended, and `timed out` is its outcome.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    timeout: Option<Spanned<String>>,
    /// What differs from run to run and would make the snapshot unstable.
    redact: Vec<RedactSpec>,
    /// `"expected"` if the case is about modules that lie on one another in a shared memory;
    /// otherwise a run warns of that.
    overlap: Option<Overlap>,
}

/// Text that matches `pattern` is replaced by `with`, in the streams and files of the outcome as
/// the snapshot shows them.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RedactSpec {
    /// A regular expression in the syntax of the regex-lite crate.
    #[cfg_attr(test, schemars(with = "String"))]
    pattern: Spanned<String>,
    /// The replacement; `$1` or `${name}` stand for groups of the pattern.
    with: String,
}

/// A column of the table.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum TargetName {
    Native,
    Wasip1,
    Wasip2,
}

/// Reads the cases of one file, in the order in which they stand there, or says all that is wrong.
pub fn parse(text: &str, packages: &Packages<'_>) -> Result<Vec<Case>, Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.into_iter().map(|error| Fault::of_toml(text, &error, &[])).collect());
    }
    let mut entries: Vec<_> = table.into_inner().into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);

    let mut cases = Vec::new();
    let mut faults = Vec::new();
    for (key, value) in entries {
        let at = key.span();
        let name = key.into_inner().into_owned();
        if let Some(what) = name::fault(&name) {
            faults.push(Fault::new(format!("not a name for a case: {what}"), at.clone()));
        }
        if !value.get_ref().is_table() {
            let fault = Fault::new(format!("`{name}` is not in a case"), at);
            let key_of_case = KEYS.contains(&name.as_str());
            let case = if key_of_case { "default" } else { name.as_str() };
            faults.push(fault.help(format!("each top-level table is a case: put it under `[{case}]`")));
            continue;
        }
        match Spec::deserialize(ValueDeserializer::from(value)) {
            Err(error) => faults.push(Fault::of_toml(text, &error, KEYS)),
            Ok(spec) => match spec.into_case(name, packages, at) {
                Err(found) => faults.extend(found),
                Ok(case) => cases.push(case),
            },
        }
    }
    if cases.is_empty() && faults.is_empty() {
        faults.push(Fault::new("no case in this file", 0..text.len().min(1)).help(
            "add one, such as `[default]`, or remove the file: without it there is one case, `default`",
        ));
    }
    if faults.is_empty() { Ok(cases) } else { Err(faults) }
}

/// The keys of a case, for suggestions.
const KEYS: &[&str] = &[
    "about", "args", "compose", "env", "fifos", "flags", "overlap", "peer", "redact", "stdin", "stdout",
    "targets", "timeout",
];

impl Spec {
    /// Checks what types alone cannot, and gives the case. `at` is where the case's name stands.
    fn into_case(self, name: String, packages: &Packages<'_>, at: Range<usize>) -> Result<Case, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut or_fault = |result: Result<(), Fault>| faults.extend(result.err());

        if let Some(about) = &self.about {
            or_fault(one_line(about));
        }
        if let Some(peer) = &self.peer {
            or_fault(known_peer(peer, packages));
        }
        let word = |word: &Spanned<String>| no_nul(word).and_then(|()| known_port(word, self.peer.is_some()));
        for arg in &self.args {
            or_fault(word(arg));
            or_fault(spelled_bytes(arg));
        }
        for (key, value) in &self.env {
            or_fault(variable_name(key));
            or_fault(word(value));
        }

        for path in &self.fifos {
            or_fault(path_below(path));
        }

        let mut flag_sets = vec![FlagSet { name: DEFAULT_FLAG_SET.into(), ..FlagSet::default() }];
        let mut composed = Vec::new();
        for (set, flags, compose) in rows(self.flags, self.compose) {
            or_fault(flag_set_name(&set));
            for flag in &flags {
                or_fault(word(flag));
                or_fault(known_packages(flag, packages));
            }
            let compose = compose.map(|spec| {
                composed.push(set.clone());
                composition::read(&set, spec, packages)
            });
            let compose = compose.transpose().unwrap_or_else(|found| {
                found.into_iter().for_each(|fault| or_fault(Err(fault)));
                None
            });
            let flags = flags.into_iter().map(Spanned::into_inner).collect();
            flag_sets.push(FlagSet { name: set.into_inner(), flags, compose: compose.unwrap_or_default() });
        }

        let targets = match self.targets {
            None => Ok(Target::ALL.to_vec()),
            Some(written) => targets(written),
        };
        let timeout = match &self.timeout {
            None => Ok(DEFAULT_TIMEOUT),
            Some(written) => {
                duration(written.get_ref()).map_err(|what| vec![Fault::new(what, written.span())])
            }
        };
        let redact: Result<Vec<_>, _> = self.redact.into_iter().map(redaction).collect();

        match (targets, timeout, redact) {
            (Ok(targets), Ok(timeout), Ok(redact)) if faults.is_empty() => {
                if !targets.iter().any(|target| target.has_components()) && !composed.is_empty() {
                    return Err(composed.iter().map(no_components).collect());
                }
                if flag_sets.len() > 1 && !targets.iter().any(|target| target.is_wasm()) {
                    return Err(vec![
                        Fault::new("flags without a target that runs under wasmtime", at)
                            .help("add `wasip1` or `wasip2` to `targets`, or remove the flags"),
                    ]);
                }
                let args = self.args.into_iter().map(Spanned::into_inner).collect();
                let env =
                    self.env.into_iter().map(|(key, value)| (key.into_inner(), value.into_inner())).collect();
                let about = self.about.map(Spanned::into_inner);
                Ok(Case {
                    name,
                    about,
                    args,
                    stdin: self.stdin,
                    stdout: self.stdout,
                    fifos: self.fifos,
                    env,
                    peer: self.peer.map(Spanned::into_inner),
                    flag_sets,
                    targets,
                    timeout,
                    redact,
                    overlap: self.overlap,
                })
            }
            (targets, timeout, redact) => {
                faults.extend(targets.err().unwrap_or_default());
                faults.extend(timeout.err().unwrap_or_default());
                faults.extend(redact.err());
                Err(faults)
            }
        }
    }
}

/// A row: its flags, and what it composes if it does.
type Row = (Spanned<String>, Vec<Spanned<String>>, Option<composition::Spec>);

/// The rows that `flags` and `compose` name together, in the order in which they stand in the file.
fn rows(
    flags: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    mut compose: BTreeMap<Spanned<String>, composition::Spec>,
) -> Vec<Row> {
    let mut rows: Vec<Row> = flags
        .into_iter()
        .map(|(name, flags)| match compose.remove_entry(name.get_ref().as_str()) {
            // The row begins where the first of both stands.
            Some((other, spec)) if other.span().start < name.span().start => (other, flags, Some(spec)),
            Some((_, spec)) => (name, flags, Some(spec)),
            None => (name, flags, None),
        })
        .collect();
    rows.extend(compose.into_iter().map(|(name, spec)| (name, Vec::new(), Some(spec))));
    rows.sort_by_key(|(name, _, _)| name.span().start);
    rows
}

fn targets(written: Spanned<Vec<Spanned<String>>>) -> Result<Vec<Target>, Vec<Fault>> {
    let at = written.span();
    let mut chosen = Vec::new();
    let mut faults = Vec::new();
    for name in written.into_inner() {
        match Target::named(name.get_ref()) {
            Some(target) if chosen.contains(&target) => {
                faults.push(Fault::new(format!("`{target}` stands here twice"), name.span()));
            }
            Some(target) => chosen.push(target),
            None => {
                let known = Target::ALL.map(Target::name);
                let fault = Fault::new(format!("no target `{}`", name.get_ref()), name.span());
                faults.push(fault.help(match name::suggest(name.get_ref(), known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the targets are {}", known.join(", ")),
                }));
            }
        }
    }
    if chosen.is_empty() && faults.is_empty() {
        faults.push(Fault::new("a case has at least one target", at));
    }
    chosen.sort();
    if faults.is_empty() { Ok(chosen) } else { Err(faults) }
}

/// Reads "10s", "500ms" or "2m".
pub fn duration(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let milliseconds_per_unit = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(format!("not a duration: {text:?}; write it as \"10s\", \"500ms\" or \"2m\"")),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds_per_unit)) {
        Some(0) => Err("a cell needs some time to run".into()),
        Some(milliseconds) if milliseconds <= LONGEST_TIMEOUT_MS => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!("not a duration: {text:?}; at most \"60m\"")),
    }
}

const LONGEST_TIMEOUT_MS: u64 = 60 * 60_000;

fn redaction(spec: RedactSpec) -> Result<Redaction, Fault> {
    match Regex::new(spec.pattern.get_ref()) {
        Ok(pattern) => Ok(Redaction { pattern, with: spec.with }),
        Err(error) => Err(Fault::new(format!("not a regular expression: {error}"), spec.pattern.span())),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fault::draw;
    use crate::random::Random;

    const PACKAGES: Packages<'static> = Packages { own: "cat", modules: &[] };

    #[track_caller]
    fn check(text: &str, picture: &str) {
        let faults = parse(text, &PACKAGES).expect_err("faults");
        assert_eq!(draw(Path::new("cases.toml"), text, &faults).trim_end(), picture.trim_end());
    }

    #[test]
    fn order_and_defaults() {
        let cases = parse(
            "[second]\nflags.z = ['--dir=.']\nflags.a = []\n[first]\ntargets = ['wasip2', 'native']\ntimeout = '2m'\n",
            &PACKAGES,
        )
        .unwrap();
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["second", "first"]);
        let rows: Vec<_> = cases[0].flag_sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(rows, ["default", "z", "a"]);
        assert_eq!(cases[0].timeout, DEFAULT_TIMEOUT);
        assert_eq!(cases[1].targets, [Target::NATIVE, Target::WASIP2]);
        assert_eq!(cases[1].timeout, Duration::from_secs(120));
    }

    #[test]
    fn a_near_miss() {
        check(
            "[sample]\nabout = \"x\"\narg = [\"sample.txt\"]\n",
            r#"
error: unknown field `arg`, expected one of `about`, `args`, `stdin`, `stdout`, `fifos`, `env`, `peer`, `flags`, `compose`, `targets`, `timeout`, `redact`, `overlap`
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
    fn all_faults_of_a_file() {
        check(
            "[Up]\n[a]\ntargets = ['wasm']\n[b]\nflags.default = []\nflags.x = ['--preload=m={wasm:dog}']\n",
            "
error: not a name for a case: a name consists of lower-case letters, digits, `-` and `_`; this one has 'U'
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
error: `default` is the row without flags, which every case has
 --> cases.toml:5:7
  |
5 | flags.default = []
  |       ^^^^^^^
  = help: give this flag set another name
error: no package `dog` in this example
 --> cases.toml:6:12
  |
6 | flags.x = ['--preload=m={wasm:dog}']
  |            ^^^^^^^^^^^^^^^^^^^^^^^^
  = help: its modules stand in `modules/`; this would be `modules/dog/`"
                .trim_start(),
        );
    }

    #[test]
    fn peers() {
        let module = |name: &str, is_program| Module { name: name.into(), is_program };
        let modules = [module("echo-server", true), module("greeter", false)];
        let packages = Packages { own: "cat", modules: &modules };
        let good =
            "[a]\npeer = 'echo-server'\nargs = ['{port}']\nenv.P = '{port}'\nflags.x = ['--env=P={port}']\n";
        assert_eq!(parse(good, &packages).unwrap()[0].peer.as_deref(), Some("echo-server"));

        let text = "[a]\npeer = 'eco-server'\n[b]\npeer = 'greeter'\n[c]\npeer = 'cat'\n\
                    [d]\nargs = ['x', 'localhost:{port}']\n";
        let faults = parse(text, &packages).expect_err("faults");
        assert_eq!(
            draw(Path::new("cases.toml"), text, &faults).trim_end(),
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
  = help: a peer is a program: it has `modules/greeter/src/main.rs`
error: no module `cat` in this example
 --> cases.toml:6:8
  |
6 | peer = 'cat'
  |        ^^^^^
  = help: a peer is a program in `modules/`; this would be `modules/cat/`
error: `{port}` without a peer
 --> cases.toml:8:14
  |
8 | args = ['x', 'localhost:{port}']
  |              ^^^^^^^^^^^^^^^^^^
  = help: `peer = \"NAME\"` says which program in `modules/` listens there"
                .trim_start()
        );
    }

    #[test]
    fn ten_thousand_mutated_files() {
        let good = "[sample]\nabout = 'x'\nargs = ['a', 'b']\nstdin = \"in\\n\"\nenv.K = 'v'\n\
                    flags.dir-here = ['--dir=.', '{wasm:cat}']\ntargets = ['native', 'wasip1']\n\
                    timeout = '10s'\nredact = [{ pattern = 'x+', with = 'y' }]\n";
        let mut random = Random::new(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            let text = random.mutate(good);
            if let Err(faults) = parse(&text, &PACKAGES) {
                let drawn = draw(Path::new("cases.toml"), &text, &faults);
                assert!(drawn.contains(" --> cases.toml:"), "{text:?}\n{drawn}");
                malformed += 1;
            }
        }
        assert!(malformed > 5_000, "{malformed}");
    }

    #[test]
    fn no_input_makes_it_panic() {
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
            if let Err(faults) = parse(text, &PACKAGES) {
                assert!(!draw(Path::new("cases.toml"), text, &faults).is_empty());
            }
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "10", "s", "0s", "1h", "61m", "-1s", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    /// `cases.schema.json` is made of the types above. To renew it: `UPDATE_SCHEMA=1 cargo test schema`.
    #[test]
    fn schema_is_current() {
        let settings = schemars::generate::SchemaSettings::draft07();
        let mut schema = settings.into_generator().into_root_schema_for::<BTreeMap<String, Spec>>();
        schema.insert("title".into(), "cases.toml of Parallax".into());
        schema.insert("description".into(), "Each table is a case of the example.".into());
        let names = serde_json::json!({ "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": 64 });
        schema.insert("propertyNames".into(), names);
        let current = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, current, "run `UPDATE_SCHEMA=1 cargo test schema`");
    }
}

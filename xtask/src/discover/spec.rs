//! The types that define the format of `cases.toml`. The JSON schema for editors, `cases.schema.json`, is
//! generated from them and their doc comments.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::discover::composition;
use crate::model::case;
use crate::support::fields::{fields, names};

/// A case: one way to call the program, with one snapshot. In the table `defaults`: keys that apply to every
/// case of the file.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "case", deny_unknown_fields, default))]
pub struct Spec {
    /// One line that says what this case shows.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub about: Option<Spanned<String>>,
    /// The name of the row that a sensible user of the program would give; `default` if not given. What the
    /// page says about the case is about this row.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub baseline: Option<Spanned<String>>,
    /// The wasm targets on which the program goes on with wrong data and ends successfully.
    #[cfg_attr(test, schemars(with = "Option<Vec<TargetName>>"))]
    pub silent: Option<Vec<Spanned<String>>>,
    /// One line that says what a program can do instead, if no grant or flag helps.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub remedy: Option<Spanned<String>>,
    /// The items of std that the case is about, such as `"std::fs::File::try_clone"`: whoever looks them up
    /// finds this case.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub apis: Option<Vec<Spanned<String>>>,
    /// Addresses of issues, pull requests and commits of std, wasi-libc or a host about what the case shows.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub upstream: Option<Vec<Spanned<String>>>,
    /// The program's arguments. `{cwd}` is the absolute scratch directory, `{mount}` an empty directory on another
    /// mount, `{byte:e9}` a byte that is not valid UTF-8, `{port}` the peer's port.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub args: Option<Vec<Spanned<String>>>,
    /// What the program reads from its standard input; empty if not given.
    pub stdin: Option<String>,
    /// `true` if the program's input is a file, as with `<` in a shell; otherwise it is a pipe.
    pub stdin_file: Option<bool>,
    /// What standard output is, if it is not recorded: `"broken"`, a pipe with a closed reader, or `"full"`, a
    /// device that is full.
    pub stdout: Option<Stdout>,
    /// `true` if the standard streams are a terminal (Unix only). What the program writes to any of them is then
    /// recorded as standard output.
    pub terminal: Option<bool>,
    /// Paths of FIFOs (named pipes) to create in the scratch directory, with the directories that contain
    /// them. They cannot be in `fixture/`, as git does not keep them.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub fifos: Option<Vec<Spanned<String>>>,
    /// Variables of the host process, in addition to LC_ALL, TZ, HOME and TMPDIR. The native program
    /// sees them; a wasm guest sees only what a grant or flags such as `--env` pass on. `{cwd}` is the
    /// absolute scratch directory, `{byte:e9}` a byte that is not valid UTF-8, `{port}` the peer's port.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub env: BTreeMap<Spanned<String>, Spanned<String>>,
    /// A program in this example's `modules/` to which the cells connect. Each cell has its own peer, which
    /// is always native. It listens on a port of 127.0.0.1, prints the port number on one line, and serves
    /// until it is killed.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub peer: Option<Spanned<String>>,
    /// Rows by name, with what they allow the program: `grant.NAME = { dirs = ["."] }`. Each host translates
    /// a grant into its own flags. Every case also has the row `default`, which allows nothing.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, GrantSpec>"))]
    pub grant: BTreeMap<Spanned<String>, GrantSpec>,
    /// Rows by name, with flags of wasmtime, verbatim: `flags.NAME = ["-W", "fuel=1000"]`. A row can have a
    /// grant and flags. `{wasm:NAME}` is the path of that package's artifact for the cell's
    /// target, `{cwd}` the absolute scratch directory, `{port}` the peer's port.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Vec<String>>"))]
    pub flags: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    /// Rows by name, with the components that are plugged into the program before it runs:
    /// `compose.NAME = { program = ["module"], module = ["other"] }` lists, for each package, the packages
    /// that fill its imports. Such rows have cells on wasip2 only, and can also have a grant and flags.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, BTreeMap<String, Vec<String>>>"))]
    pub compose: BTreeMap<Spanned<String>, composition::Spec>,
    /// Names of rows of `[defaults]` that this case does not have.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub without: Option<Vec<Spanned<String>>>,
    /// The targets of this case: any of `native`, `wasip1`, `wasip2`; all if not given.
    #[cfg_attr(test, schemars(with = "Option<Vec<TargetName>>"))]
    pub targets: Option<Spanned<Vec<Spanned<String>>>>,
    /// How long a cell may run, as "10s", "500ms" or "2m"; 10 s if not given. A cell that takes
    /// longer is killed, and its outcome is `timed out`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub timeout: Option<Spanned<String>>,
    /// Text that differs from run to run, and its replacement.
    pub redact: Option<Vec<RedactSpec>>,
    /// `false` if the case is about a program that does not compile natively; otherwise a run refuses to record
    /// that.
    pub builds: Option<bool>,
    /// `"expected"` if modules are meant to overlap in a shared memory; otherwise a run warns about overlaps.
    pub overlap: Option<Overlap>,
}

fields!(Spec {
    required: [],
    optional: [
        about, baseline, silent, remedy, apis, upstream, args, stdin, stdin_file, stdout, terminal, fifos,
        env, peer, grant, flags, compose, without, targets, timeout, redact, builds, overlap
    ],
    unknown: Denied
});

/// What a row allows the program.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields, default))]
pub struct GrantSpec {
    /// Directories that the guest sees, as `"HOST"` or `"HOST::GUEST"`. `{cwd}` and `{mount}` as in `args`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub dirs: Vec<Spanned<String>>,
    /// Variables that the guest sees, as `"NAME"` or `"NAME=value"`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub env: Vec<Spanned<String>>,
    /// Whether the guest may use the network.
    pub network: bool,
}

fields!(GrantSpec { required: [], optional: [dirs, env, network], unknown: Denied });

/// Text that matches `pattern` is replaced by `with`, in the streams, the files and the reasons that an
/// outcome shows.
#[derive(Clone)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct RedactSpec {
    /// A regular expression in the syntax of the regex-lite crate.
    #[cfg_attr(test, schemars(with = "String"))]
    pub pattern: Spanned<String>,
    /// The replacement, on one line. `$1` and `${name}` are replaced by groups of the pattern.
    #[cfg_attr(test, schemars(with = "String"))]
    pub with: Spanned<String>,
}

fields!(RedactSpec { required: [pattern, with], optional: [], unknown: Denied });

/// What standard output is, if it is not recorded.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename_all = "lowercase"))]
pub enum Stdout {
    /// A pipe with a closed reader.
    Broken,
    /// A device that is full.
    Full,
}

names!(Stdout { Broken: "broken", Full: "full" });

/// Whether modules are meant to overlap in a shared memory.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename_all = "lowercase"))]
pub enum Overlap {
    Expected,
}

names!(Overlap { Expected: "expected" });

/// A target.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum TargetName {
    Native,
    Wasip1,
    Wasip2,
}

impl From<Stdout> for case::Stdout {
    fn from(stdout: Stdout) -> case::Stdout {
        match stdout {
            Stdout::Broken => case::Stdout::Broken,
            Stdout::Full => case::Stdout::Full,
        }
    }
}

impl Spec {
    /// Returns this case with the values that it inherits from `defaults`. A table inherits the entries that
    /// it does not have itself. Any other key is inherited if it is missing.
    pub fn with_defaults(self, defaults: &Spec) -> Spec {
        let without: Vec<_> = self.without.iter().flatten().map(|row| row.get_ref().clone()).collect();
        Spec {
            about: self.about,
            baseline: self.baseline.or_else(|| defaults.baseline.clone()),
            silent: self.silent,
            remedy: self.remedy.or_else(|| defaults.remedy.clone()),
            apis: self.apis.or_else(|| defaults.apis.clone()),
            upstream: self.upstream.or_else(|| defaults.upstream.clone()),
            args: self.args.or_else(|| defaults.args.clone()),
            stdin: self.stdin.or_else(|| defaults.stdin.clone()),
            stdin_file: self.stdin_file.or(defaults.stdin_file),
            stdout: self.stdout.or(defaults.stdout),
            terminal: self.terminal.or(defaults.terminal),
            fifos: self.fifos.or_else(|| defaults.fifos.clone()),
            env: merged(self.env, &defaults.env, &[]),
            peer: self.peer.or_else(|| defaults.peer.clone()),
            grant: merged(self.grant, &defaults.grant, &without),
            flags: merged(self.flags, &defaults.flags, &without),
            compose: merged(self.compose, &defaults.compose, &without),
            without: self.without,
            targets: self.targets.or_else(|| defaults.targets.clone()),
            timeout: self.timeout.or_else(|| defaults.timeout.clone()),
            redact: self.redact.or_else(|| defaults.redact.clone()),
            builds: self.builds.or(defaults.builds),
            overlap: self.overlap.or(defaults.overlap),
        }
    }

    /// Returns the names of all rows except `default`, each with its first place in the file, in the order of
    /// the file.
    pub fn rows(&self) -> Vec<Spanned<String>> {
        let mut rows: Vec<_> =
            self.grant.keys().chain(self.flags.keys()).chain(self.compose.keys()).cloned().collect();
        rows.sort_by_key(|row| row.span().start);
        let mut names = std::collections::BTreeSet::new();
        rows.retain(|row| names.insert(row.get_ref().clone()));
        rows
    }
}

/// Returns `own` with the entries of `defaults` that it does not have and that are not in `without`.
fn merged<T: Clone>(
    mut own: BTreeMap<Spanned<String>, T>,
    defaults: &BTreeMap<Spanned<String>, T>,
    without: &[String],
) -> BTreeMap<Spanned<String>, T> {
    for (name, value) in defaults {
        if !without.contains(name.get_ref()) {
            own.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `cases.schema.json` is generated from the types above. To update it, run
    /// `UPDATE_SCHEMA=1 cargo test schema`.
    #[test]
    fn schema_is_current() {
        let settings = schemars::generate::SchemaSettings::draft07();
        let mut schema = settings.into_generator().into_root_schema_for::<BTreeMap<String, Spec>>();
        schema.insert("title".into(), "cases.toml of Parallax".into());
        let description = "Each table is a case of the example; `defaults` applies to all of them.";
        schema.insert("description".into(), description.into());
        let names = serde_json::json!({ "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": 64 });
        schema.insert("propertyNames".into(), names);
        let current = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == current,
            "cases.schema.json is out of date: run `UPDATE_SCHEMA=1 cargo test schema`"
        );
    }
}

//! Reads the drafts of `docs/upstream.md`: the page says itself what is run, and what each output means.

use crate::model::target::Target;

/// What the page says.
#[derive(Debug)]
pub struct Page {
    /// The command lines that compile a program, with `NAME` for its name.
    pub build: Vec<String>,
    pub drafts: Vec<Draft>,
}

/// A report that is ready to be filed.
#[derive(Debug, PartialEq, Eq)]
pub struct Draft {
    pub number: usize,
    pub title: String,
    /// The address of the issue, if it is filed.
    pub filed: Option<String>,
    /// The name of the program.
    pub program: String,
    /// The program, and others that it needs, with the names of their files.
    pub files: Vec<(String, String)>,
    pub steps: Vec<Step>,
}

/// A command line of a draft.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub line: String,
    /// The target that it is about.
    pub target: Target,
    /// What it prints as long as the bug is there.
    pub shown: String,
    /// What it prints once the bug is fixed, if that is something else.
    pub expected: Option<String>,
}

/// A fenced code block.
struct Block<'a> {
    language: &'a str,
    text: String,
}

/// How a draft begins to say what should happen.
const EXPECTED: &str = "**Expected:**";

/// How a draft begins to say whether it is filed.
const FILED: &str = "**Filed:** ";

impl Page {
    /// Reads the page.
    ///
    /// # Errors
    /// If something is missing that every draft has, or if two parts of the page contradict each other.
    pub fn read(text: &str) -> Result<Page, String> {
        let (head, sections) = sections(text);
        let build = blocks(&head).into_iter().find(|block| block.language == "sh");
        let build = build.ok_or("no `sh` block says how a program is compiled")?.text;
        let build: Vec<_> = build.lines().map(String::from).collect();
        let rows: Vec<_> = head.lines().filter(|line| line.starts_with("| [")).collect();
        let mut drafts = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            let draft = Draft::read(section)
                .and_then(|draft| check(&draft, index + 1, rows.get(index).copied()).map(|()| draft))
                .map_err(|what| format!("### {}: {what}", section.lines().next().unwrap_or_default()))?;
            drafts.push(draft);
        }
        match rows.len() == drafts.len() {
            true => Ok(Page { build, drafts }),
            false => Err(format!("the table has {} rows, but there are {} drafts", rows.len(), drafts.len())),
        }
    }
}

/// Checks that a draft has the number of its place, and that its row in the table says of it what it says itself.
fn check(draft: &Draft, number: usize, row: Option<&str>) -> Result<(), String> {
    if draft.number != number {
        return Err(format!("its number should be {number}"));
    }
    let row = row.filter(|row| row.starts_with(&format!("| [{number}](")));
    let cell = row.and_then(|row| row.trim_end_matches([' ', '|']).rsplit('|').next());
    let says = cell.map(|cell| (cell.trim() == "no", address(cell)));
    match says == Some((draft.filed.is_none(), draft.filed.clone())) {
        true => Ok(()),
        false => {
            Err(format!("row {number} of the table does not end with `no`, or with the link of {FILED}"))
        }
    }
}

/// The text before the first draft, and the drafts, each from the number in its heading on.
fn sections(text: &str) -> (String, Vec<String>) {
    let mut head = String::new();
    let mut drafts: Vec<String> = Vec::new();
    let mut in_draft = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            in_draft = true;
            drafts.push(format!("{heading}\n"));
            continue;
        }
        in_draft &= !line.starts_with("## ");
        let part = match drafts.last_mut() {
            Some(draft) if in_draft => draft,
            Some(_) => continue,
            None => &mut head,
        };
        part.push_str(line);
        part.push('\n');
    }
    (head, drafts)
}

/// All fenced code blocks.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n"));
            blocks.push(Block { language, text: text.collect() });
        }
    }
    blocks
}

/// The address of the first link in `text`.
fn address(text: &str) -> Option<String> {
    let (address, _) = text.split_once("](")?.1.split_once(')')?;
    address.starts_with("https://").then(|| address.into())
}

impl Draft {
    fn read(section: &str) -> Result<Draft, String> {
        let heading = section.lines().next().unwrap_or_default();
        let (number, title) = heading.split_once(". ").ok_or("the heading does not begin with a number")?;
        let number = number.parse().map_err(|_| "the heading does not begin with a number")?;
        let filed = section.lines().find_map(|line| line.strip_prefix(FILED));
        let filed = match filed.ok_or(format!("no line begins with {FILED}"))? {
            "not yet." => None,
            text => Some(address(text).ok_or(format!("{FILED}is neither `not yet.` nor a link"))?),
        };
        let (before, after) =
            section.split_once(EXPECTED).ok_or(format!("no line begins with {EXPECTED}"))?;
        let files: Vec<_> = blocks(before).iter().filter_map(file).collect::<Result<_, _>>()?;
        let program = files.iter().find_map(|(name, _)| name.strip_suffix(".rs"));
        let program = program.ok_or("no program: a `rust` block is missing")?.to_string();
        let steps = steps(&console(before)?, &console(after)?, &program)?;
        Ok(Draft { number, title: title.into(), filed, program, files, steps })
    }
}

/// The name and the text of a program. Its first line is a comment with the name.
fn file(block: &Block<'_>) -> Option<Result<(String, String), String>> {
    let mark = match block.language {
        "rust" => "// ",
        "python" => "# ",
        _ => return None,
    };
    let name = block.text.lines().next().and_then(|line| line.strip_prefix(mark));
    let name = name.filter(|name| !name.contains(['/', ' ']) && name.contains('.'));
    Some(match name {
        Some(name) => Ok((name.into(), block.text.clone())),
        None => Err(format!("a `{}` block does not begin with `{mark}FILE`", block.language)),
    })
}

/// The command lines of all `console` blocks, each with its output.
fn console(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for block in blocks(text).iter().filter(|block| block.language == "console") {
        for line in block.text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.into(), String::new())),
                (None, Some((_, output))) => output.push_str(&format!("{line}\n")),
                (None, None) => return Err(format!("no command line is above the output `{line}`")),
            }
        }
    }
    Ok(commands)
}

/// Puts what is expected beside what is shown. The expected commands are some of those above, in the same order.
fn steps(
    shown: &[(String, String)],
    expected: &[(String, String)],
    program: &str,
) -> Result<Vec<Step>, String> {
    let mut expected = expected.iter().peekable();
    let mut steps: Vec<Step> = Vec::new();
    for (line, output) in shown {
        let before = steps.last().map_or(Target::Native, |step| step.target);
        steps.push(Step {
            line: line.clone(),
            target: target(line, program).unwrap_or(before),
            shown: output.clone(),
            expected: expected.next_if(|(expected, _)| expected == line).map(|(_, output)| output.clone()),
        });
    }
    if let Some((line, _)) = expected.next() {
        return Err(format!(
            "`{line}` is expected to print something, but it is not run above, or not in this order"
        ));
    }
    match steps.iter().any(|step| step.expected.is_some()) {
        true => Ok(steps),
        false => Err(format!("no `console` block below {EXPECTED}")),
    }
}

/// The target of the program that a command line runs.
fn target(line: &str, program: &str) -> Option<Target> {
    let runs = |suffix: &str| line.contains(&format!("{program}{suffix}"));
    match () {
        () if runs(".p1.wasm") => Some(Target::Wasip1),
        () if runs(".p2.wasm") => Some(Target::Wasip2),
        () if line.contains(&format!("./{program}")) => Some(Target::Native),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# Reports

| | component | what is wrong | filed |
|---|---|---|---|
| [1](#1-a) | libc | a | no |

```sh
rustc NAME.rs -o NAME
```

## libc

### 1. `a` is wrong

**Filed:** not yet.

```rust
// a.rs
fn main() {}
```

```console
$ mkdir d
$ ./a
x
$ wasmtime run a.p1.wasm
y
z
$ cat d
```

**Expected:** the output of the first.

```console
$ wasmtime run a.p1.wasm
x
```

## Known

| [2](x) | not a draft |
";

    #[test]
    fn a_draft_is_read() {
        let page = Page::read(PAGE).unwrap();
        assert_eq!(page.build, ["rustc NAME.rs -o NAME"]);
        let step = |line: &str, target, shown: &str, expected: Option<&str>| Step {
            line: line.into(),
            target,
            shown: shown.into(),
            expected: expected.map(String::from),
        };
        let draft = Draft {
            number: 1,
            title: "`a` is wrong".into(),
            filed: None,
            program: "a".into(),
            files: vec![("a.rs".into(), "// a.rs\nfn main() {}\n".into())],
            steps: vec![
                step("mkdir d", Target::Native, "", None),
                step("./a", Target::Native, "x\n", None),
                step("wasmtime run a.p1.wasm", Target::Wasip1, "y\nz\n", Some("x\n")),
                step("cat d", Target::Wasip1, "", None),
            ],
        };
        assert_eq!(page.drafts, [draft]);
        let filed = PAGE.replace("not yet.", "[libc#7](https://example.org/7).");
        let filed = Page::read(&filed.replace("| no |", "| [libc#7](https://example.org/7) |")).unwrap();
        assert_eq!(filed.drafts[0].filed.as_deref(), Some("https://example.org/7"));
    }

    #[test]
    fn faults_are_named() {
        for (from, to, message) in [
            ("```sh", "```text", "no `sh` block says how a program is compiled"),
            ("### 1. ", "### ", "### `a` is wrong: the heading does not begin with a number"),
            ("### 1. ", "### 2. ", "### 2. `a` is wrong: its number should be 1"),
            ("**Filed:** not yet.\n", "", "### 1. `a` is wrong: no line begins with **Filed:** "),
            ("not yet.", "soon", "### 1. `a` is wrong: **Filed:** is neither `not yet.` nor a link"),
            (
                "| no |",
                "| [b](https://b) |",
                "row 1 of the table does not end with `no`, or with the link of **Filed:** ",
            ),
            (
                "not yet.",
                "[b](https://b)",
                "row 1 of the table does not end with `no`, or with the link of **Filed:** ",
            ),
            ("| [1](", "| [3](", "row 1 of the table does not end"),
            ("|---|\n", "|---|\n| [0](#0) | a | a | no |\n", "row 1 of the table does not end"),
            (
                "| no |\n",
                "| no |\n| [2](#2) | a | a | no |\n",
                "the table has 2 rows, but there are 1 drafts",
            ),
            ("// a.rs", "", "a `rust` block does not begin with `// FILE`"),
            ("```rust", "```c", "no program: a `rust` block is missing"),
            ("$ mkdir d", "mkdir d", "no command line is above the output `mkdir d`"),
            ("**Expected:**", "It should print", "no line begins with **Expected:**"),
            (
                "run a.p1.wasm\nx",
                "run b.p1.wasm\nx",
                "`wasmtime run b.p1.wasm` is expected to print something",
            ),
            ("$ wasmtime run a.p1.wasm\nx\n", "", "no `console` block below **Expected:**"),
        ] {
            assert!(PAGE.contains(from), "{from}");
            let fault = Page::read(&PAGE.replace(from, to)).unwrap_err();
            assert!(fault.contains(message), "{from} -> {to}: {fault}");
        }
    }
}

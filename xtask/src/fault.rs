//! What is wrong in a file that a contributor wrote: where, what, and how to mend it.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::name;

/// What is wrong at one place of a file.
#[derive(Debug)]
pub struct Fault {
    pub what: String,
    pub at: Range<usize>,
    pub help: Option<String>,
}

impl Fault {
    pub fn new(what: impl Into<String>, at: Range<usize>) -> Fault {
        Fault { what: what.into(), at, help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// A fault of a TOML or type error, with a suggestion where an unknown key is nearly one of `keys`.
    pub fn of_toml(text: &str, error: &toml::de::Error, keys: &[&str]) -> Fault {
        let at = error.span().unwrap_or(0..0);
        let fault = Fault::new(error.message().trim(), at.clone());
        if error.message().starts_with("unknown field") {
            let written = text.get(at).unwrap_or_default().trim_matches(['"', '\'']);
            if let Some(meant) = name::suggest(written, keys.iter().copied()) {
                return fault.help(format!("did you mean `{meant}`?"));
            }
        }
        fault
    }
}

/// Draws the faults of one file with line, column and caret. `path` is shown as given.
pub fn draw(path: &Path, text: &str, faults: &[Fault]) -> String {
    let path = path.display().to_string();
    let groups: Vec<_> = faults
        .iter()
        .flat_map(|fault| {
            let end = fault.at.end.min(text.len());
            let place = fault.at.start.min(end)..end;
            let snippet = Snippet::source(text).path(&path).annotation(AnnotationKind::Primary.span(place));
            let group = Level::ERROR.primary_title(&fault.what).element(snippet);
            let help = fault.help.as_deref().map(|help| Level::HELP.message(help));
            [group.elements(help)]
        })
        .collect();
    Renderer::plain().render(&groups)
}

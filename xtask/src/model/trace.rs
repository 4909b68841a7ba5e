//! What a host tells about a run: the calls of the guest to WASI, in their order, and where it trapped.

/// The trace of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    pub calls: Vec<WasiCall>,
    /// The functions that were active at a trap, the innermost first, such as `std::process::abort`. They are the
    /// names in the module, without hashes and generic arguments.
    pub frames: Vec<String>,
    /// The address of a memory access that trapped.
    pub fault: Option<u64>,
}

/// A call of a function of WASI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasiCall {
    /// The interface: `wasi_snapshot_preview1`, or that of WASI 0.2, such as `wasi:filesystem/types`.
    pub interface: String,
    /// The function: `path_open` or `[method]descriptor.open-at`.
    pub function: String,
    /// The arguments, as the host writes them.
    pub arguments: String,
    /// `None` if the call did not return: the guest ended in it.
    pub answer: Option<Answer>,
    /// What the host says about it beside its answer.
    pub notes: Vec<String>,
}

/// What the host answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Success, with the values as the host writes them.
    Done(String),
    /// An error, by its name: `noent` (WASI 0.1) or `no-entry` (WASI 0.2).
    Failed(String),
}

impl WasiCall {
    /// Returns the name of the error that the host answered, if it did.
    pub fn error(&self) -> Option<&str> {
        match &self.answer {
            Some(Answer::Failed(name)) => Some(name),
            Some(Answer::Done(_)) | None => None,
        }
    }

    /// Returns the function without the words that say what kind of function it is: `descriptor.open-at`.
    pub fn name(&self) -> &str {
        match self.function.split_once(']') {
            Some((_, name)) if self.function.starts_with('[') => name,
            _ => &self.function,
        }
    }

    /// Whether the guest asks for the variables of the environment.
    pub fn asks_for_variables(&self) -> bool {
        self.function.starts_with("environ_") || self.function == "get-environment"
    }

    /// Returns the length of the path in bytes, if the host does not tell the path itself: `path=*guest 0x102fe0/8`.
    pub fn path_length(&self) -> Option<usize> {
        let (_, rest) = self.arguments.split_once("path=*guest ")?;
        rest.split(' ').next()?.split_once('/')?.1.parse().ok()
    }

    /// Returns the value of an argument: that of `path` in `fd=Fd(3) path="a b"` is `a b`. Quotes are removed.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let mut rest = self.arguments.as_str();
        loop {
            let at = rest.find(&format!("{name}="))?;
            let starts = at == 0 || rest[..at].ends_with(' ');
            rest = &rest[at + name.len() + 1..];
            if !starts {
                continue;
            }
            return Some(match rest.strip_prefix('"') {
                Some(quoted) => &quoted[..closing_quote(quoted)],
                None => rest.split(' ').next().unwrap_or_default(),
            });
        }
    }
}

/// The offset of the first quote that is not escaped, or the length of the text.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return at,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: &str, arguments: &str) -> WasiCall {
        WasiCall {
            interface: "x".into(),
            function: function.into(),
            arguments: arguments.into(),
            answer: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn names_and_arguments() {
        let call = call(
            "[method]descriptor.open-at",
            r#"self_=Resource { rep: 0 } old_path=x path="a \"b\"" flags=(READ)"#,
        );
        assert_eq!(call.name(), "descriptor.open-at");
        assert_eq!(call.argument("path"), Some(r#"a \"b\""#));
        assert_eq!(call.argument("flags"), Some("(READ)"));
        assert_eq!(call.argument("old_path"), Some("x"));
        assert_eq!(call.argument("offset"), None);
        assert_eq!(call.path_length(), None);
        let of_wasi_0_1 = WasiCall { arguments: "fd=Fd(3) path=*guest 0x102fe0/8 flags=x".into(), ..call };
        assert_eq!(of_wasi_0_1.path_length(), Some(8));
    }
}

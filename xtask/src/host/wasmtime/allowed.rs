//! What the flags of wasmtime allow a guest, as far as rules ask for it.

/// Returns the directories that flags grant, as the guest sees them.
pub fn directories(flags: &[String]) -> impl Iterator<Item = &str> {
    let values = flags.iter().filter_map(|flag| flag.strip_prefix("--dir="));
    values.map(|value| value.rsplit("::").next().unwrap_or(value))
}

/// Whether flags pass a variable on.
pub fn passes(flags: &[String], variable: &str) -> bool {
    flags.iter().any(|flag| match flag.strip_prefix("--env=") {
        Some(passed) => passed.split('=').next() == Some(variable),
        None => flag.starts_with("inherit-env"),
    })
}

/// Whether flags allow sockets.
pub fn sockets(flags: &[String]) -> bool {
    flags.iter().any(|flag| flag.starts_with("inherit-network") || flag.starts_with("tcp"))
}

/// Whether flags set this limit, such as `fuel`.
pub fn limits(flags: &[String], name: &str) -> bool {
    flags.iter().any(|flag| flag.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_understood() {
        let flags = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let all = flags("--dir=. --dir=a::/b --env=A --env=B=1 -S inherit-network -W fuel=7");
        assert_eq!(directories(&all).collect::<Vec<_>>(), [".", "/b"]);
        assert!(passes(&all, "A") && passes(&all, "B") && !passes(&all, "C"));
        assert!(passes(&flags("-S inherit-env=y"), "C"));
        assert!(sockets(&all) && !sockets(&flags("--dir=.")));
        assert!(limits(&all, "fuel") && !limits(&all, "timeout"));
    }
}

//! What the flags of wasmtime allow a guest, as far as rules ask for it.

/// Returns the directories that flags grant, as the guest sees them. wasmtime ignores what is behind a second `::`
/// (wasmtime-cli, `src/common.rs`, `parse_dirs`).
pub fn directories(flags: &[String]) -> impl Iterator<Item = &str> {
    let values = flags.iter().filter_map(|flag| flag.strip_prefix("--dir="));
    values.map(|value| value.split("::").nth(1).unwrap_or(value))
}

/// Whether flags pass a variable on.
pub fn passes(flags: &[String], variable: &str) -> bool {
    flags.iter().any(|flag| match flag.strip_prefix("--env=") {
        Some(passed) => passed.split('=').next() == Some(variable),
        None => sets(flag, "inherit-env"),
    })
}

/// Whether flags allow sockets.
pub fn sockets(flags: &[String]) -> bool {
    flags.iter().any(|flag| sets(flag, "inherit-network") || sets(flag, "tcp"))
}

/// Whether flags set this limit, such as `fuel`.
pub fn limits(flags: &[String], name: &str) -> bool {
    flags.iter().any(|flag| sets(flag, name))
}

/// Whether a flag sets this option, perhaps among others: `-S` and `-W` take a list, such as `tcp=y,inherit-env`.
fn sets(flag: &str, option: &str) -> bool {
    flag.split(',').any(|one| {
        let (name, value) = one.split_once('=').unwrap_or((one, "y"));
        name == option && value != "n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_understood() {
        let flags = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let all = flags("--dir=. --dir=a::/b::c --env=A --env=B=1 -S inherit-network -W fuel=7");
        assert_eq!(directories(&all).collect::<Vec<_>>(), [".", "/b"]);
        assert!(passes(&all, "A") && passes(&all, "B") && !passes(&all, "C"));
        assert!(passes(&flags("-S inherit-env=y"), "C"));
        assert!(sockets(&all) && !sockets(&flags("--dir=.")));
        let listed = flags("-S allow-ip-name-lookup,inherit-network,inherit-env=n");
        assert!(sockets(&listed) && !passes(&listed, "C"));
        assert!(limits(&all, "fuel") && !limits(&all, "timeout"));
    }
}

//! Suggestions for mistyped names.

/// Returns the one of `known` that is most similar to the mistyped `name`, if any is similar enough.
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_names_are_suggested() {
        let known = ["about", "args", "env", "flags", "redact", "stdin", "targets", "timeout"];
        assert_eq!(suggest("arg", known), Some("args"));
        assert_eq!(suggest("tiemout", known), Some("timeout"));
        assert_eq!(suggest("colour", known), None);
    }
}

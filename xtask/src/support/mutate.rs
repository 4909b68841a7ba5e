//! Damaged text for the tests of parsers.

/// Returns `text` after one to four changes at random places: a part of up to 11 characters is removed,
/// doubled or moved, or characters that mean something in the harness's files are put in its place.
pub fn mutate(rng: &mut fastrand::Rng, text: &str) -> String {
    const INSERTED: [&str; 16] = [
        "\n",
        "\n\n",
        "[",
        "]",
        "\"",
        "'",
        "=",
        "·",
        "A",
        "│",
        "   ",
        "$ ",
        "---\n",
        "\u{0}",
        "é",
        "<<<<<<< x\n",
    ];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=rng.usize(..4) {
        let from = rng.usize(..=chars.len());
        let to = (from + rng.usize(..12)).min(chars.len());
        let part: Vec<char> = chars.drain(from..to).collect();
        let at = rng.usize(..=chars.len());
        match rng.usize(..4) {
            0 => {}
            1 => drop(chars.splice(from..from, part.repeat(2))),
            2 => drop(chars.splice(at..at, part)),
            _ => drop(chars.splice(from..from, INSERTED[rng.usize(..INSERTED.len())].chars())),
        }
    }
    chars.into_iter().collect()
}

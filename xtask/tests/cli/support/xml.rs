//! JUnit reports, as a strict parser of XML reads them.

use std::collections::BTreeMap;

/// Parses the part of XML that these reports use, strictly. Returns the elements with their attributes.
#[track_caller]
pub fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>)> {
    // `Char` in XML 1.0, section 2.2; and control characters, which some viewers execute, are not of use here.
    let is_allowed = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(xml.chars().all(is_allowed), "{xml:?}");
    let mut rest = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        .expect("there should be a declaration")
        .trim();
    let (mut elements, mut open) = (Vec::new(), Vec::new());
    while let Some((text, after)) = rest.split_once('<') {
        assert_is_text(text);
        let (tag, after) = after.split_once('>').expect("the tag should have an end");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut read = BTreeMap::new();
        while let Some((key, value)) = attributes.split_once("=\"") {
            let (value, after) = value.split_once('"').expect("the value should have an end");
            assert_is_text(value);
            assert!(read.insert(key.trim().to_string(), value.to_string()).is_none(), "{key} occurs twice");
            attributes = after;
        }
        assert_eq!(attributes.trim(), "", "in <{tag}>");
        assert!(!open.is_empty() || elements.is_empty(), "a second root <{tag}>");
        elements.push((name.to_string(), read));
        if !is_empty {
            open.push(name.to_string());
        }
    }
    assert_eq!((open, rest), (Vec::new(), ""));
    elements
}

#[track_caller]
fn assert_is_text(text: &str) {
    assert!(!text.contains(['<', '>']), "{text}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        assert!(known.iter().any(|known| entity.starts_with(known)), "&{entity}");
    }
}

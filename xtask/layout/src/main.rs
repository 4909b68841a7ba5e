//! Draws where wasm modules lie in the memories and tables that they share, and names what overlaps.
//!
//! The harness builds and runs this program for `cargo xtask layout`, and for the warnings of
//! `cargo xtask test` about rows with `--preload`. It is a package of its own so that only those
//! runs compile wasmparser and wat.
//!
//! It takes no arguments. It reads one JSON object from stdin, a request:
//!
//! | member | value |
//! |---|---|
//! | `format` | `human`, `json`, `svg`, or `overlaps` to draw nothing |
//! | `memory` | the only memory or table to show, as `env.memory`; `null` for all |
//! | `subjects` | an array of what to draw, each with a `title` and its `modules`, which are pairs of a name and a file in the order of instantiation |
//!
//! It prints one JSON object per subject, each on its own line and in the same order. The object has
//! one member, which is one of these:
//!
//! | member | value |
//! |---|---|
//! | `drawn` | `text`, what to print for the subject in the requested format; and `overlaps`, a sentence for each overlap |
//! | `unknown_memory` | `{}`: none of the modules has or imports the requested memory |
//! | `unreadable` | a file cannot be read: `module`, its index in the subject, and `why` |
//! | `malformed` | a file is not a core module: `module` and `why`, as above |
//!
//! The exit code is 0 if every subject has its line. Otherwise stderr says why not.
//!
//! `module.rs` reads a module, `map.rs` computes what lies where and on what, and `draw.rs` and
//! `svg.rs` draw the result.

mod draw;
mod map;
mod module;
mod svg;
mod text;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, from_value, json};

use map::{Instance, Map};
use text::visible;

/// What the harness wants to know.
struct Request {
    format: Format,
    memory: Option<String>,
    subjects: Vec<Subject>,
}

#[derive(Clone, Copy)]
enum Format {
    Human,
    Json,
    Svg,
    Overlaps,
}

/// Modules that are instantiated together.
struct Subject {
    title: String,
    /// The name of each instance and its file, in the order of instantiation.
    modules: Vec<(String, PathBuf)>,
}

/// The answer for one subject.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Drawn { text: String, overlaps: Vec<String> },
    UnknownMemory,
    Unreadable { module: usize, why: String },
    Malformed { module: usize, why: String },
}

fn main() -> Result<()> {
    let request = serde_json::from_reader(io::stdin().lock()).map_err(anyhow::Error::from);
    let request = request.and_then(Request::read).context("cannot read the request")?;
    let mut out = io::stdout().lock();
    for subject in &request.subjects {
        writeln!(out, "{}", reply(&request, subject).to_json()).context("cannot write a reply")?;
    }
    Ok(())
}

impl Request {
    fn read(mut request: Value) -> Result<Request> {
        let format = match request["format"].as_str() {
            Some("human") => Format::Human,
            Some("json") => Format::Json,
            Some("svg") => Format::Svg,
            Some("overlaps") => Format::Overlaps,
            _ => bail!("unknown format: {}", request["format"]),
        };
        let subjects: Vec<Value> = from_value(request["subjects"].take())?;
        let subject = |mut subject: Value| -> Result<Subject> {
            let title = from_value(subject["title"].take())?;
            Ok(Subject { title, modules: from_value(subject["modules"].take())? })
        };
        Ok(Request {
            format,
            memory: from_value(request["memory"].take())?,
            subjects: subjects.into_iter().map(subject).collect::<Result<_>>()?,
        })
    }
}

impl Reply {
    fn to_json(&self) -> Value {
        match self {
            Reply::Drawn { text, overlaps } => json!({ "drawn": { "text": text, "overlaps": overlaps } }),
            Reply::UnknownMemory => json!({ "unknown_memory": {} }),
            Reply::Unreadable { module, why } => json!({ "unreadable": { "module": module, "why": why } }),
            Reply::Malformed { module, why } => json!({ "malformed": { "module": module, "why": why } }),
        }
    }
}

fn reply(request: &Request, subject: &Subject) -> Reply {
    let mut instances = Vec::new();
    for (number, (name, file)) in subject.modules.iter().enumerate() {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => return Reply::Unreadable { module: number, why: error.to_string() },
        };
        match module::read(&bytes) {
            Ok(module) => instances.push(Instance { name: name.clone(), module }),
            Err(why) => return Reply::Malformed { module: number, why },
        }
    }
    let (mut maps, notes) = map::maps(&instances);
    if let Some(memory) = &request.memory {
        maps.retain(|map| map.name == *memory);
        if maps.is_empty() {
            return Reply::UnknownMemory;
        }
    }
    let text = match request.format {
        Format::Human => human(&subject.title, &maps, &notes),
        Format::Json => json(&subject.title, &maps, &notes),
        Format::Svg => svg::picture(&maps.iter().collect::<Vec<_>>()),
        Format::Overlaps => String::new(),
    };
    let overlaps = maps.iter().flat_map(Map::overlaps);
    Reply::Drawn { text, overlaps: overlaps.map(|overlap| draw::sentence(&overlap)).collect() }
}

/// The drawing as text, for a terminal.
fn human(title: &str, maps: &[Map], notes: &[String]) -> String {
    let drawn: Vec<_> = maps.iter().map(draw::map).collect();
    let notes: String = notes.iter().map(|note| format!("\nnote: {note}\n")).collect();
    format!("{title}\n\n{}{notes}\n", drawn.join("\n"))
}

/// One line of JSON, which `xtask/README.md` describes.
fn json(title: &str, maps: &[Map], notes: &[String]) -> String {
    let region = |region: &map::Region| {
        json!({
            "owner": region.owner,
            "kind": region.kind.word(),
            "start": region.range.start,
            "end": region.range.end,
            "bytes": (region.kind == map::Kind::Data).then(|| visible(&region.bytes)),
        })
    };
    let map = |map: &Map| {
        let overlaps = map.overlaps().into_iter().map(|overlap| {
            json!({
                "start": overlap.range.start,
                "end": overlap.range.end,
                "over": region(overlap.over),
                "under": region(overlap.under),
                "text": draw::sentence(&overlap),
            })
        });
        json!({
            "name": map.name,
            "kind": draw::kind(map),
            "size": map.size,
            "users": map.users,
            "regions": map.regions.iter().map(region).collect::<Value>(),
            "overlaps": overlaps.collect::<Value>(),
        })
    };
    let maps = maps.iter().map(map).collect::<Value>();
    format!("{}\n", json!({ "id": title, "maps": maps, "notes": notes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reply about two modules: `env`, which has a memory, and `user`.
    fn reply_about(user: &str, memory: Option<&str>, format: &str) -> Reply {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            json!([name, path])
        };
        let request = json!({
            "format": format,
            "memory": memory,
            "subjects": [{
                "title": "a title",
                "modules": [
                    file("env", r#"(module (memory (export "memory") 1) (data (i32.const 1) "abc"))"#),
                    file("user", user),
                ],
            }],
        });
        let request = Request::read(request).unwrap();
        reply(&request, &request.subjects[0])
    }

    const USER: &str = r#"(module (import "env" "memory" (memory 1)) (data (i32.const 2) "x"))"#;

    #[test]
    fn formats() {
        let sentences = ["user's data 2..3 overwrites env's data 2..3 (\"b\")".to_string()];
        for (format, beginning) in
            [("human", "a title\n\nmemory env.memory, "), ("json", "{\"id\":\"a title\","), ("svg", "<svg ")]
        {
            let Reply::Drawn { text, overlaps } = reply_about(USER, Some("env.memory"), format) else {
                panic!("{format} is not drawn")
            };
            assert!(text.starts_with(beginning) && text.ends_with('\n'), "{text}");
            assert_eq!(overlaps, sentences);
        }
        let drawn = Reply::Drawn { text: String::new(), overlaps: sentences.into() };
        assert_eq!(reply_about(USER, None, "overlaps"), drawn);
    }

    #[test]
    fn faults() {
        assert_eq!(reply_about(USER, Some("env.memori"), "human"), Reply::UnknownMemory);
        let Reply::Malformed { module: 1, why } = reply_about("(module", None, "human") else { panic!() };
        assert!(why.contains("expected"), "{why}");
        let subject = Subject { title: String::new(), modules: vec![("a".into(), "absent.wat".into())] };
        let request = Request { format: Format::Human, memory: None, subjects: Vec::new() };
        assert!(matches!(reply(&request, &subject), Reply::Unreadable { module: 0, .. }));
    }

    #[test]
    fn replies_as_json() {
        let line = |reply: Reply| reply.to_json().to_string();
        assert_eq!(line(Reply::UnknownMemory), r#"{"unknown_memory":{}}"#);
        let fault = Reply::Unreadable { module: 1, why: "it is a directory".into() };
        assert_eq!(line(fault), r#"{"unreadable":{"module":1,"why":"it is a directory"}}"#);
        let drawn = Reply::Drawn { text: "a\nb\n".into(), overlaps: vec![] };
        assert_eq!(line(drawn), r#"{"drawn":{"overlaps":[],"text":"a\nb\n"}}"#);
    }

    #[test]
    fn malformed_requests() {
        for request in [json!({}), json!({ "format": "png" }), json!({ "format": "svg", "subjects": [{}] })] {
            assert!(Request::read(request).is_err());
        }
    }
}

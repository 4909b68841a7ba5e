//! Files on wasip2 that are read and written at different positions.
//!
//! WASI 0.2 reads and writes a file by streams, each with a position of its own. wasi-libc keeps one of each kind for a
//! descriptor (`libc-bottom-half/sources/file.c`), and opens another one only after a seek that it does not take for
//! needless.

use std::collections::BTreeMap;

use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::number::writes;
use crate::explain::rules::STREAM_POSITION;
use crate::model::target::Target;
use crate::model::trace::{Answer, WasiCall};
use crate::model::verdict::Change;

/// A descriptor that has both a stream for reading and one for writing.
#[derive(Default)]
struct Streams {
    reads: Option<String>,
    writes: Option<String>,
}

/// Explains a file of which one stream was used after the other, without being opened anew.
pub fn explain(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    if evidence.target != Target::Wasip2 {
        return None;
    }
    let calls = &evidence.trace?.calls;
    // What the program did after it had printed the line is no reason for it.
    let printed: Vec<_> = evidence.here.stdout.text.lines().collect();
    let writes = writes(calls, 1);
    let until = match printed.iter().position(|line| *line == change.here) {
        Some(number) if writes.len() == printed.len() => writes[number],
        Some(_) => return None,
        // The contents of a file.
        None => calls.len(),
    };
    let calls = &calls[..until];
    let mut files: BTreeMap<String, Streams> = BTreeMap::new();
    // The stream of each file that was used last.
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        let Some(Answer::Done(result)) = &call.answer else { continue };
        let own = resource(&call.arguments);
        // The number of a resource that was dropped is given to another one.
        if let Some(new) = resource(result).filter(|_| result.contains("own")) {
            for streams in files.values_mut() {
                for stream in [&mut streams.reads, &mut streams.writes] {
                    stream.take_if(|stream| *stream == new);
                }
            }
        }
        match (call.name(), own, resource(result)) {
            ("descriptor.open-at", _, Some(new)) => {
                files.insert(new.clone(), Streams::default());
                last.remove(&new);
            }
            ("descriptor.read-via-stream", Some(file), Some(stream)) => {
                files.entry(file.clone()).or_default().reads = Some(stream);
            }
            ("descriptor.write-via-stream" | "descriptor.append-via-stream", Some(file), Some(stream)) => {
                files.entry(file.clone()).or_default().writes = Some(stream);
            }
            ("input-stream.read" | "input-stream.blocking-read" | "output-stream.write", Some(stream), _) => {
                let is_meant = |streams: &Streams| {
                    streams.reads.as_ref() == Some(&stream) || streams.writes.as_ref() == Some(&stream)
                };
                let Some((file, streams)) = files.iter().find(|(_, streams)| is_meant(streams)) else {
                    continue;
                };
                if streams.reads.is_none() || streams.writes.is_none() {
                    last.insert(file.clone(), stream);
                    continue;
                }
                let was_used = used_before(&calls[..index], &stream);
                if last.insert(file.clone(), stream.clone()).is_some_and(|before| before != stream)
                    && was_used
                {
                    let fact = "One descriptor was read and written in turn: each stream went on where it had ended.";
                    return Some(Explanation::new(&STREAM_POSITION, fact).at(index));
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a stream was used since it was opened.
fn used_before(calls: &[WasiCall], stream: &str) -> bool {
    let uses = |call: &&WasiCall| {
        call.interface == "wasi:io/streams" && resource(&call.arguments).as_deref() == Some(stream)
    };
    let opens = |call: &&WasiCall| {
        matches!(&call.answer, Some(Answer::Done(result)) if resource(result).as_deref() == Some(stream))
            && call.name().ends_with("-via-stream")
    };
    let opened = calls.iter().rposition(|call| opens(&call)).unwrap_or(0);
    calls[opened..].iter().any(|call| uses(&call) && call.name() != "output-stream.check-write")
}

/// The first resource in a text of the host: that of `Resource { rep: 4, state: "borrow" }` is `4`.
fn resource(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Resource { rep: ")?;
    Some(rest.split(',').next()?.to_string())
}

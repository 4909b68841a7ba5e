//! Checks which entries a fixture can contain.

use std::collections::BTreeSet;
use std::path::Path;

use crate::discover::directory::{DEEPEST, LARGEST_HELD, LONGEST};
use crate::model::tree::{Entry, Tree};

/// Returns the entries that a fixture cannot contain, each with the reason and how to fix it: git does not
/// keep them, or they cannot be copied to the cells.
pub fn unsupported(fixture: &Tree) -> impl Iterator<Item = (&Path, String)> {
    let parents: BTreeSet<_> = fixture.entries.keys().filter_map(|path| path.parent()).collect();
    fixture.entries.iter().filter_map(move |(path, entry)| {
        let problem = match entry {
            // The example would not have what is beside its fixture.
            _ if path.starts_with("..") => {
                "beside the fixture, because a link leads there: remove the link".into()
            }
            Entry::Directory if !parents.contains(path.as_path()) => {
                "an empty directory, which git does not keep: put a file into it, or remove it".into()
            }
            Entry::Copy(original) if original.size > LARGEST_HELD => too_large(original.size),
            Entry::Directory | Entry::File { .. } | Entry::Copy(_) | Entry::Link(_) => return None,
            Entry::Special => "not a file, directory or link, and git does not keep it: remove it; \
                               the key `fifos` of a case creates FIFOs"
                .into(),
            Entry::Large { size, .. } => too_large(*size),
            Entry::Unreadable => "cannot be read: add read permission".into(),
            Entry::Deep => format!("more than {DEEPEST} nested directories: move it up"),
            Entry::Long => format!("a path of more than {LONGEST} bytes: shorten it"),
            Entry::Mount => "a mounted file system, which git does not keep: unmount it".into(),
        };
        Some((path.as_path(), problem))
    })
}

fn too_large(size: u64) -> String {
    format!(
        "{size} bytes, which would be copied for each cell: use at most {LARGEST_HELD}, or let the program create it"
    )
}

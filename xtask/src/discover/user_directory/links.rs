//! Where symbolic links lead.

use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path};

/// How many links lead from one to the next at most (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Whether the way of a link with this name and target stays in `root`, so that it leads to the same place in a copy.
/// What is at its end may be a link itself.
pub fn stays(root: &Path, name: &Path, target: &Path) -> bool {
    let components = |path: &Path| path.components().rev().map(|one| one.as_os_str().into()).collect();
    let mut here = name.to_path_buf();
    here.pop();
    let mut left: Vec<OsString> = components(target);
    let mut followed = 0;
    while let Some(name) = left.pop() {
        match Path::new(&name).components().next() {
            Some(Component::CurDir) | None => {}
            Some(Component::ParentDir) => {
                if !here.pop() {
                    return false;
                }
            }
            Some(Component::Normal(name)) => {
                here.push(name);
                if let (false, Ok(next)) = (left.is_empty(), fs::read_link(root.join(&here))) {
                    followed += 1;
                    if followed > MOST_LINKS {
                        return true;
                    }
                    here.pop();
                    left.extend(components(&next));
                }
            }
            Some(Component::RootDir | Component::Prefix(_)) => return false,
        }
    }
    true
}

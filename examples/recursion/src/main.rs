//! Calls itself as often as its arguments say: a small function, or one that walks a tree.

use std::env;
use std::hint::black_box;

fn main() {
    let mut args = env::args().skip(1);
    let first = args.next();
    let depth = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    if first.as_deref() == Some("tree") {
        println!("a tree of depth {}", walk(depth(args.next())));
    } else {
        println!("returned from {}", descend(depth(first)));
    }
}

fn descend(depth: u64) -> u64 {
    match depth {
        0 => 0,
        // The sum is needed after the call, so the call cannot become a loop.
        _ => black_box(descend(black_box(depth - 1))) + 1,
    }
}

struct Tree(Vec<Tree>);

impl Tree {
    /// As usual in Rust, this calls itself through an iterator: optimized, all of that is one function.
    fn depth(&self) -> u64 {
        1 + self.0.iter().map(Tree::depth).max().unwrap_or(0)
    }
}

fn walk(depth: u64) -> u64 {
    let mut tree = Tree(Vec::new());
    for _ in 1..depth {
        tree = Tree(vec![tree]);
    }
    let depth = black_box(&tree).depth();
    // To drop a tree is recursive, too. This takes it apart level by level.
    let mut rest = vec![tree];
    while let Some(Tree(branches)) = rest.pop() {
        rest.extend(branches);
    }
    depth
}

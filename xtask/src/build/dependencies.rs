//! How a program comes to depend on a package, for a target.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::artifacts;
use crate::build::foreign::{self, Program};
use crate::model::column::{Column, Toolchain};
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;

/// How a program comes to depend on a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The packages from the program to that package, as `tokio 1.48.0`: a shortest way.
    pub packages: Vec<String>,
    /// The packages that depend on it and ask for features of it: their names, and the features.
    pub asking: Vec<(String, Vec<String>)>,
}

/// Finds how `program` comes to depend on `package`, which is written as `tokio 1.48.0`, for a target. Returns
/// `None` if it does not.
///
/// # Errors
/// If cargo cannot be run.
pub fn way(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    program: &Program,
    target: Target,
    package: &str,
) -> Result<Option<Way>> {
    let unit = Column::pinned(target).unit(&program.name);
    let mut command = foreign::cargo(context, toolchains.of(Toolchain::Pinned), program, "metadata");
    command.args(["--format-version", "1", "--filter-platform", artifacts::triple(&unit)]);
    command.args(&program.features);
    let mut text = String::new();
    let called = foreign::without_new_lock_file(program, || {
        crate::tools::cargo::call(&mut command, context.progress, context.interrupt, |line| {
            text.push_str(line)
        })
    })?;
    if !called.success {
        return Ok(None);
    }
    let metadata = serde_json::from_str(&text).context("cannot read the output of cargo metadata")?;
    Ok(find(&metadata, package))
}

/// Finds the way in the output of `cargo metadata`.
fn find(metadata: &Value, wanted: &str) -> Option<Way> {
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let packages: BTreeMap<String, Value> =
        array(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let shown = |id: &str| {
        let package = packages.get(id);
        package.map(|package| format!("{} {}", text(&package["name"]), text(&package["version"])))
    };
    // Dependencies of tests are not built.
    let is_built =
        |dependency: &&Value| array(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev");
    let edges: BTreeMap<String, Vec<String>> = array(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let dependencies = array(&node["deps"]);
            let built = dependencies.iter().filter(is_built).map(|dependency| text(&dependency["pkg"]));
            (text(&node["id"]), built.collect())
        })
        .collect();

    let root = text(&metadata["resolve"]["root"]);
    let mut before: BTreeMap<String, Option<String>> = [(root.clone(), None)].into();
    let mut left: VecDeque<String> = [root].into();
    let mut order = Vec::new();
    while let Some(id) = left.pop_front() {
        for next in edges.get(&id).into_iter().flatten() {
            if !before.contains_key(next) {
                before.insert(next.clone(), Some(id.clone()));
                left.push_back(next.clone());
            }
        }
        order.push(id);
    }
    let found = order.iter().find(|id| shown(id).as_deref() == Some(wanted))?;
    let mut way = Way::default();
    let mut at = Some(found.clone());
    while let Some(id) = at {
        way.packages.extend(shown(&id));
        at = before.get(&id).cloned().flatten();
    }
    way.packages.reverse();

    let name = packages.get(found).map(|package| text(&package["name"]))?;
    for id in order.iter().filter(|id| edges.get(*id).is_some_and(|next| next.contains(found))) {
        let dependencies =
            packages.get(id).map(|package| array(&package["dependencies"])).unwrap_or_default();
        let asked: BTreeSet<String> = dependencies
            .iter()
            .filter(|dependency| dependency["name"] == name.as_str() && dependency["kind"] != "dev")
            .flat_map(|dependency| array(&dependency["features"]))
            .map(|feature| text(&feature))
            .collect();
        if !asked.is_empty() {
            way.asking.extend(shown(id).map(|shown| (shown, asked.into_iter().collect())));
        }
    }
    Some(way)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shortest_way_is_found_with_who_asks_for_features() {
        let package = |name: &str, dependencies: Value| json!({ "id": name, "name": name, "version": "1.0.0", "dependencies": dependencies });
        let node = |name: &str, deps: &[(&str, Option<&str>)]| {
            let deps: Vec<_> = deps
                .iter()
                .map(|(pkg, kind)| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] }))
                .collect();
            json!({ "id": name, "deps": deps })
        };
        let metadata = json!({
            "packages": [
                package("cli", json!([{ "name": "http", "kind": null, "features": [] }, { "name": "tests", "kind": "dev", "features": [] }])),
                package("http", json!([{ "name": "tokio", "kind": null, "features": ["net", "fs"] }])),
                package("tests", json!([{ "name": "tokio", "kind": null, "features": ["full"] }])),
                package("tokio", json!([])),
            ],
            "resolve": {
                "root": "cli",
                "nodes": [
                    node("cli", &[("tests", Some("dev")), ("http", None)]),
                    node("http", &[("tokio", None)]),
                    node("tests", &[("tokio", None)]),
                    node("tokio", &[]),
                ],
            },
        });
        let way = find(&metadata, "tokio 1.0.0").unwrap();
        assert_eq!(way.packages, ["cli 1.0.0", "http 1.0.0", "tokio 1.0.0"]);
        assert_eq!(way.asking, [("http 1.0.0".to_string(), vec!["fs".into(), "net".into()])]);
        assert_eq!(find(&metadata, "cli 1.0.0").unwrap().packages, ["cli 1.0.0"]);
        assert_eq!(find(&metadata, "tests 1.0.0"), None);
        assert_eq!(find(&json!({}), "tokio 1.0.0"), None);
    }
}

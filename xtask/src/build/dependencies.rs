//! How a package of the user comes to depend on another one, for a target.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::Result;
use serde_json::Value;

use crate::build::foreign::Project;
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;

/// How a package comes to depend on another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The packages from the first to the other one, as `tokio 1.48.0`: a shortest way.
    pub packages: Vec<String>,
    /// The packages that depend on the other one and ask for features of it: their names, and the features.
    pub asking: Vec<(String, Vec<String>)>,
    /// The default features of a package on the way without which nothing depends on the other one.
    pub optional: Option<Optional>,
}

/// Features that a package activates by default, and that bring an optional dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optional {
    /// Whether it is the package at the beginning, whose user chooses its features on the command line.
    pub is_first: bool,
    pub package: String,
    pub features: Vec<String>,
}

/// The packages that a package needs for a target.
#[derive(Debug, Default)]
pub struct Dependencies {
    /// By id, what cargo knows about each.
    packages: BTreeMap<String, Value>,
    /// By id, the ids of the direct dependencies that are built.
    edges: BTreeMap<String, Vec<String>>,
    first: String,
    /// Whether the default features of the first package are not activated anyway.
    has_no_defaults: bool,
}

impl Dependencies {
    /// Finds the dependencies of a package for a target, with those of its tests if `with_tests`. If cargo cannot find
    /// them, nothing is known.
    ///
    /// # Errors
    /// If cargo cannot be run.
    pub fn of(
        context: ToolContext<'_>,
        project: &Project,
        target: Target,
        with_tests: bool,
    ) -> Result<Dependencies> {
        let metadata = project.resolved(context, target)?.unwrap_or_default();
        let has_no_defaults = project.features.iter().any(|flag| flag == "--no-default-features");
        Ok(Dependencies { has_no_defaults, ..Dependencies::read(&metadata, with_tests) })
    }

    /// Reads the output of `cargo metadata`.
    fn read(metadata: &Value, with_tests: bool) -> Dependencies {
        let packages = array(&metadata["packages"]).iter();
        let first = text(&metadata["resolve"]["root"]);
        // Dependencies of tests are built only for the package itself.
        let is_built = |id: &str, dependency: &Value| {
            let mut kinds = array(&dependency["dep_kinds"]).iter();
            kinds.any(|kind| kind["kind"] != "dev" || with_tests && id == first)
        };
        let edges = array(&metadata["resolve"]["nodes"]).iter().map(|node| {
            let id = text(&node["id"]);
            let built = array(&node["deps"]).iter().filter(|dependency| is_built(&id, dependency));
            let built = built.map(|dependency| text(&dependency["pkg"])).collect();
            (id, built)
        });
        Dependencies {
            packages: packages.map(|package| (text(&package["id"]), package.clone())).collect(),
            edges: edges.collect(),
            first,
            has_no_defaults: false,
        }
    }

    /// Finds the way to a package, which is written as `tokio 1.48.0`, or `None` if there is none.
    pub fn way(&self, wanted: &str) -> Option<Way> {
        let (order, before) = self.reached(&self.first, |_, _| true);
        let found = order.iter().find(|id| self.shown(id).as_deref() == Some(wanted))?;
        let mut ids = vec![found.clone()];
        while let Some(Some(id)) = before.get(&ids[ids.len() - 1]) {
            ids.push(id.clone());
        }
        ids.reverse();
        let name = self.packages.get(found).map(|package| text(&package["name"]))?;
        let mut asking = Vec::new();
        for id in order.iter().filter(|id| self.edges.get(*id).is_some_and(|next| next.contains(found))) {
            let asked: BTreeSet<String> = self
                .declared(id)
                .filter(|dependency| dependency["name"] == name.as_str() && dependency["kind"] != "dev")
                .flat_map(|dependency| array(&dependency["features"]))
                .map(text)
                .collect();
            if !asked.is_empty() {
                asking.extend(self.shown(id).map(|shown| (shown, asked.into_iter().collect())));
            }
        }
        Some(Way {
            packages: ids.iter().filter_map(|id| self.shown(id)).collect(),
            asking,
            optional: ids.iter().find_map(|id| self.optional(id, found)),
        })
    }

    /// The ids of all packages that are reached from `first` over edges that are `followed`, the nearest first, and from
    /// which each is reached.
    fn reached(
        &self,
        first: &str,
        followed: impl Fn(&str, &str) -> bool,
    ) -> (Vec<String>, BTreeMap<String, Option<String>>) {
        let mut before: BTreeMap<String, Option<String>> = [(first.to_string(), None)].into();
        let mut left: VecDeque<String> = [first.to_string()].into();
        let mut order = Vec::new();
        while let Some(id) = left.pop_front() {
            for next in self.edges.get(&id).into_iter().flatten().filter(|next| followed(&id, next)) {
                if !before.contains_key(next) {
                    before.insert(next.clone(), Some(id.clone()));
                    left.push_back(next.clone());
                }
            }
            order.push(id);
        }
        (order, before)
    }

    /// The default features of the package `id` without which `found` is not reached, if there are some.
    fn optional(&self, id: &str, found: &str) -> Option<Optional> {
        let is_first = id == self.first;
        if is_first && self.has_no_defaults {
            return None;
        }
        let package = self.packages.get(id)?;
        let features: BTreeMap<String, Vec<String>> = package["features"]
            .as_object()?
            .iter()
            .map(|(name, enabled)| (name.clone(), array(enabled).iter().map(text).collect()))
            .collect();
        let by_default = activated(&features);
        let next = self.edges.get(id)?.iter();
        let left_out: BTreeMap<&str, &str> =
            next.filter_map(|next| Some((next.as_str(), self.brought_by(id, next, &by_default)?))).collect();
        let is_found = |order: &[String]| order.iter().any(|reached| reached == found);
        let (without, _) = self.reached(&self.first, |from, next| from != id || !left_out.contains_key(next));
        if is_found(&without) {
            return None;
        }
        let leads_there = |next: &str| is_found(&self.reached(next, |_, _| true).0);
        let features: BTreeSet<_> =
            left_out.iter().filter(|(next, _)| leads_there(next)).map(|(_, feature)| *feature).collect();
        Some(Optional {
            is_first,
            package: self.shown(id).unwrap_or_default(),
            features: features.into_iter().map(String::from).collect(),
        })
    }

    /// The feature that brings the dependency `next` of the package `id`, if that is optional. `activated` has the
    /// features of dependencies, by the names that they have in the package.
    fn brought_by<'a>(
        &self,
        id: &str,
        next: &str,
        activated: &'a BTreeMap<String, String>,
    ) -> Option<&'a str> {
        let name = text(&self.packages.get(next)?["name"]);
        let is_meant = |one: &&Value| one["name"] == name.as_str() && one["kind"] != "dev";
        let declared: Vec<_> = self.declared(id).filter(is_meant).collect();
        let feature = |one: &&Value| activated.get(one["rename"].as_str().unwrap_or(&name));
        let is_optional = declared.iter().all(|one| one["optional"] == true);
        declared.iter().find_map(feature).filter(|_| is_optional).map(String::as_str)
    }

    /// The dependencies that the manifest of a package declares.
    fn declared(&self, id: &str) -> impl Iterator<Item = &Value> + Clone {
        self.packages.get(id).into_iter().flat_map(|package| array(&package["dependencies"]))
    }

    /// The name and the version of a package.
    fn shown(&self, id: &str) -> Option<String> {
        let package = self.packages.get(id)?;
        Some(format!("{} {}", text(&package["name"]), text(&package["version"])))
    }
}

/// The optional dependencies that the default features activate, each with a feature that does (The Cargo Book,
/// "Features").
fn activated(features: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut seen: BTreeSet<&str> = ["default"].into();
    let mut left = vec!["default"];
    while let Some(feature) = left.pop() {
        for enabled in features.get(feature).into_iter().flatten() {
            // `dep?/feature` activates nothing that is not active anyway.
            let dependency = match (enabled.strip_prefix("dep:"), enabled.split_once('/')) {
                (Some(dependency), _) => Some(dependency),
                (None, Some((dependency, _))) if !dependency.ends_with('?') => Some(dependency),
                _ => None,
            };
            if let Some(dependency) = dependency {
                found.entry(dependency.to_string()).or_insert_with(|| feature.to_string());
            } else if seen.insert(enabled) {
                left.push(enabled);
            }
        }
    }
    found
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
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
        let dependencies = Dependencies::read(&metadata, false);
        let way = dependencies.way("tokio 1.0.0").unwrap();
        assert_eq!(way.packages, ["cli 1.0.0", "http 1.0.0", "tokio 1.0.0"]);
        assert_eq!(way.asking, [("http 1.0.0".to_string(), vec!["fs".into(), "net".into()])]);
        assert_eq!(dependencies.way("cli 1.0.0").unwrap().packages, ["cli 1.0.0"]);
        assert_eq!(dependencies.way("tests 1.0.0"), None);
        assert_eq!(Dependencies::read(&json!({}), false).way("tokio 1.0.0"), None);
        let way = Dependencies::read(&metadata, true).way("tests 1.0.0").unwrap();
        assert_eq!(way.packages, ["cli 1.0.0", "tests 1.0.0"]);
    }

    /// A program that needs `c` only for its default feature `fast`, or also for `d`.
    fn with_optional(also_needed: bool) -> Dependencies {
        let dependency =
            |name: &str, optional: bool| json!({ "name": name, "kind": null, "optional": optional });
        let package = |name: &str, dependencies: Value, features: Value| json!({ "id": name, "name": name, "version": "1.0.0", "dependencies": dependencies, "features": features });
        let node = |name: &str, deps: &[&str]| {
            let deps: Vec<_> =
                deps.iter().map(|pkg| json!({ "pkg": pkg, "dep_kinds": [{ "kind": null }] })).collect();
            json!({ "id": name, "deps": deps })
        };
        let of_d: &[&str] = if also_needed { &["c"] } else { &[] };
        let metadata = json!({
            "packages": [
                package("a", json!([dependency("b", true), dependency("d", false), dependency("e", true)]),
                    json!({ "default": ["fast", "loud", "d?/x"], "fast": ["dep:b"], "loud": ["dep:e"] })),
                package("b", json!([dependency("c", true)]), json!({ "default": ["c"], "c": ["dep:c"] })),
                package("c", json!([]), json!({})),
                package("e", json!([]), json!({})),
                package("d", json!([dependency("c", false)]), json!({})),
            ],
            "resolve": {
                "root": "a",
                "nodes": [node("a", &["b", "d", "e"]), node("b", &["c"]), node("c", &[]), node("d", of_d), node("e", &[])],
            },
        });
        Dependencies::read(&metadata, false)
    }

    #[test]
    fn a_default_feature_that_brings_a_package_is_found() {
        let optional = |is_first, package: &str, feature: &str| {
            Some(Optional { is_first, package: package.into(), features: vec![feature.into()] })
        };
        let way = |dependencies: Dependencies| dependencies.way("c 1.0.0").unwrap().optional;
        assert_eq!(way(with_optional(false)), optional(true, "a 1.0.0", "fast"));
        let without = Dependencies { has_no_defaults: true, ..with_optional(false) };
        assert_eq!(way(without), optional(false, "b 1.0.0", "c"));
        assert_eq!(way(with_optional(true)), None);
    }
}

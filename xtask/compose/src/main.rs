//! `compose OUT SOCKET PLUG...`: fills the imports of a component, the socket, with the exports of others, the
//! plugs.
//!
//! The socket and each plug are given as `NAME=FILE`. The composed component has the exports of the socket. It
//! imports what the plugs do not fill, such as the interfaces of WASI.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | OUT is written |
//! | 1 | the components do not fit together; stderr has the reason, on one line |
//! | 2 | any other error, such as a file that cannot be read |

use std::env;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use wac_graph::types::{Package, SubtypeChecker, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, PackageId};

const DO_NOT_FIT: u8 = 1;
const OTHER_ERROR: u8 = 2;

/// A component.
struct Component {
    /// Its name in messages.
    name: String,
    bytes: Vec<u8>,
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let composed = composed(&args).and_then(|composed| match composed {
        Ok(bytes) => fs::write(&args[0], bytes).with_context(|| format!("cannot write {}", args[0])).map(Ok),
        Err(misfit) => Ok(Err(misfit)),
    });
    match composed {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(misfit)) => {
            eprintln!("{}", misfit.replace('\n', " "));
            ExitCode::from(DO_NOT_FIT)
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(OTHER_ERROR)
        }
    }
}

/// Composes the components that the arguments name. The inner error is the reason why they do not fit
/// together.
fn composed(args: &[String]) -> Result<Result<Vec<u8>, String>> {
    let [_, socket, plugs @ ..] = args else { anyhow::bail!("usage: compose OUT SOCKET PLUG...") };
    let socket = read(socket)?;
    let plugs: Vec<_> = plugs.iter().map(|plug| read(plug)).collect::<Result<_>>()?;
    Ok(compose(socket, plugs))
}

/// Reads a component that is given as `NAME=FILE`.
fn read(arg: &str) -> Result<Component> {
    let (name, file) = arg.split_once('=').with_context(|| format!("`{arg}` is not NAME=FILE"))?;
    let bytes = fs::read(file).with_context(|| format!("cannot read {file}"))?;
    Ok(Component { name: name.into(), bytes })
}

/// Plugs `plugs` into the socket. The error is the reason why they do not fit together.
fn compose(socket: Component, plugs: Vec<Component>) -> Result<Vec<u8>, String> {
    let mut graph = CompositionGraph::new();
    let socket_name = socket.name.clone();
    let socket = register(&mut graph, socket)?;
    let mut registered = Vec::new();
    for plug in plugs {
        let name = plug.name.clone();
        let plug = register(&mut graph, plug)?;
        check_fit(&graph, (&name, plug), (&socket_name, socket))?;
        registered.push(plug);
    }
    wac_graph::plug(&mut graph, registered, socket).map_err(|error| chain(&error))?;
    graph.encode(EncodeOptions::default()).map_err(|error| chain(&error))
}

fn register(graph: &mut CompositionGraph, component: Component) -> Result<PackageId, String> {
    let Component { name, bytes } = component;
    let package = Package::from_bytes(&name, None, bytes, graph.types_mut())
        .map_err(|error| format!("`{name}`: {error:#}"))?;
    graph.register_package(package).map_err(|error| chain(&error))
}

/// Checks that a plug fills at least one import of the socket, and that each of its exports has the type of
/// the import with the same name. `wac_graph::plug` silently skips exports that do not fit.
fn check_fit(
    graph: &CompositionGraph,
    (plug_name, plug): (&str, PackageId),
    (socket_name, socket): (&str, PackageId),
) -> Result<(), String> {
    let types = graph.types();
    let exports = &types[graph[plug].ty()].exports;
    let imports = &types[graph[socket].ty()].imports;
    let mut fills = false;
    for (name, export) in exports {
        let import = imports.get(name).or_else(|| {
            imports.iter().find(|(import, _)| are_semver_compatible(name, import)).map(|(_, kind)| kind)
        });
        let Some(import) = import else { continue };
        SubtypeChecker::new(&mut Default::default()).is_subtype(*export, types, *import, types).map_err(
            |error| format!("`{plug_name}` exports another `{name}` than `{socket_name}` imports: {error:#}"),
        )?;
        fills = true;
    }
    if fills {
        return Ok(());
    }
    let list = |names: Vec<&String>| match names.as_slice() {
        [] => "nothing".to_string(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    // The host fills the imports of WASI.
    let open = imports.keys().filter(|name| !name.starts_with("wasi:")).collect();
    Err(format!(
        "`{plug_name}` exports {}, and `{socket_name}` imports {}",
        list(exports.keys().collect()),
        list(open)
    ))
}

/// Writes an error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

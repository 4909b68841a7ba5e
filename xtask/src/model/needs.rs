//! Which units must be built for a cell.

use crate::model::cell::Cell;
use crate::model::column::{Column, Unit};
use crate::model::example::{Example, Module};
use crate::model::target::Target;

/// Returns the units that a cell needs to run: its program, the modules that its flags name or that are
/// plugged in, and its peer.
pub fn units(cell: &Cell<'_>) -> Vec<Unit> {
    let named = cell.example.modules.iter().filter(|module| {
        let placeholder = placeholder(&module.name);
        cell.row.flags.iter().any(|flag| flag.contains(&placeholder)) || cell.row.compose.has(&module.name)
    });
    [&cell.example.name]
        .into_iter()
        .chain(named.map(|module| &module.name))
        .map(|package| cell.column.unit(package))
        .chain(peer(cell))
        .collect()
}

/// Returns the unit of a cell's peer, if it has one. It is native in every column.
pub fn peer(cell: &Cell<'_>) -> Option<Unit> {
    Some(Unit::native(cell.case.peer.as_ref()?))
}

/// Returns units of the program, at least one of which must build, unless the case says that it does not: the
/// native one, or those of all targets if the case does not run natively.
pub fn program(cell: &Cell<'_>) -> Vec<Unit> {
    let targets = match cell.case.targets.contains(&Target::Native) {
        true => &[Target::Native],
        false => cell.case.targets.as_slice(),
    };
    targets.iter().map(|target| Column::pinned(*target).unit(&cell.example.name)).collect()
}

/// Returns the packages of an example that are built for every column: all except modules that are only used
/// as peers.
pub fn packages(example: &Example) -> impl Iterator<Item = &str> {
    let modules = example.modules.iter().filter(|module| !is_only_peer(example, module));
    [&example.name].into_iter().chain(modules.map(|module| &module.name)).map(String::as_str)
}

fn is_only_peer(example: &Example, module: &Module) -> bool {
    let placeholder = placeholder(&module.name);
    let mut flags = example.cases.iter().flat_map(|case| &case.rows).flat_map(|row| &row.flags);
    example.cases.iter().any(|case| case.peer.as_ref() == Some(&module.name))
        && !flags.any(|flag| flag.contains(&placeholder))
}

/// Returns the placeholder in flags for the artifact of a package.
pub fn placeholder(package: &str) -> String {
    format!("{{wasm:{package}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::{Case, Row};
    use crate::model::cell;

    #[test]
    fn a_module_that_is_only_a_peer_is_built_only_for_native() {
        let with_peer = |name: &str, peer: &str| Case { peer: Some(peer.into()), ..Case::plain(name) };
        let mut second = with_peer("b", "both");
        second.rows.push(Row { name: "x".into(), flags: vec!["{wasm:both}".into()], ..Row::default() });
        let mut example = Example::with_cases("talk", vec![with_peer("a", "server"), second]);
        example.modules = ["both", "library", "server"]
            .map(|name| Module { name: name.into(), is_program: name != "library" })
            .into();
        assert_eq!(packages(&example).collect::<Vec<_>>(), ["talk", "both", "library"]);
        let columns = Column::all_pinned();
        let cells = cell::all(std::slice::from_ref(&example), &columns);
        let wasip2 = Column::pinned(Target::Wasip2);
        assert_eq!(
            units(cells.last().unwrap()),
            [wasip2.unit("talk"), wasip2.unit("both"), Unit::native("both")]
        );
    }
}

//! What a word of `cases.toml` must be, beyond its type.

use toml::Spanned;

use super::{DEFAULT_FLAG_SET, PORT, Packages};
use crate::fault::Fault;
use crate::name;
use crate::text::BYTE;

pub(super) fn no_components(row: &Spanned<String>) -> Fault {
    let name = row.get_ref();
    Fault::new(format!("the row `{name}` composes components, and only wasip2 has such"), row.span())
        .help("add `wasip2` to `targets`, or remove what is composed")
}

pub(super) fn one_line(about: &Spanned<String>) -> Result<(), Fault> {
    if about.get_ref().contains('\n') {
        return Err(Fault::new("`about` is one line", about.span()));
    }
    Ok(())
}

pub(super) fn no_nul(word: &Spanned<String>) -> Result<(), Fault> {
    if word.get_ref().contains('\0') {
        return Err(Fault::new("no system passes a NUL byte to a program", word.span()));
    }
    Ok(())
}

/// Checks that each `{byte:…}` in an argument spells a byte that a system passes.
pub(super) fn spelled_bytes(arg: &Spanned<String>) -> Result<(), Fault> {
    let is_byte = |part: &str| {
        let is_hex = |byte: &&str| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit());
        part.split_once('}').map(|(byte, _)| byte).filter(is_hex).is_some_and(|byte| byte != "00")
    };
    match arg.get_ref().split(BYTE).skip(1).all(is_byte) {
        true => Ok(()),
        false => {
            Err(Fault::new("`{byte:` is followed by two hexadecimal digits, not both 0, and `}`", arg.span())
                .help("such as `caf{byte:e9}`"))
        }
    }
}

/// Checks that a path leads to somewhere in the scratch folder.
pub(super) fn path_below(path: &Spanned<String>) -> Result<(), Fault> {
    use std::path::{Component, Path};
    let is_name = |component| matches!(component, Component::Normal(_));
    let written = path.get_ref();
    match !written.is_empty() && Path::new(written).components().all(is_name) && !written.contains('\\') {
        true => no_nul(path),
        false => Err(Fault::new("not a path in the scratch folder", path.span())
            .help("it is relative, has no `..`, and begins with a name: `fifos = [\"folder/name\"]`")),
    }
}

pub(super) fn variable_name(key: &Spanned<String>) -> Result<(), Fault> {
    if key.get_ref().is_empty() || key.get_ref().contains(['=', '\0']) {
        return Err(Fault::new("not a name for an environment variable", key.span()));
    }
    Ok(())
}

pub(super) fn flag_set_name(set: &Spanned<String>) -> Result<(), Fault> {
    if set.get_ref() == DEFAULT_FLAG_SET {
        return Err(Fault::new("`default` is the row without flags, which every case has", set.span())
            .help("give this flag set another name"));
    }
    match name::fault(set.get_ref()) {
        Some(what) => Err(Fault::new(format!("not a name for a flag set: {what}"), set.span())),
        None => Ok(()),
    }
}

/// Checks that each `{wasm:NAME}` in a flag names a package of this example.
pub(super) fn known_packages(flag: &Spanned<String>, packages: &Packages<'_>) -> Result<(), Fault> {
    for rest in flag.get_ref().split("{wasm:").skip(1) {
        let Some((name, _)) = rest.split_once('}') else {
            return Err(Fault::new("`{wasm:` without its `}`", flag.span()));
        };
        if !packages.has(name) {
            let fault = Fault::new(format!("no package `{name}` in this example"), flag.span());
            return Err(match name::suggest(name, packages.names()) {
                Some(meant) => fault.help(format!("did you mean `{{wasm:{meant}}}`?")),
                None => {
                    fault.help(format!("its modules stand in `modules/`; this would be `modules/{name}/`"))
                }
            });
        }
    }
    Ok(())
}

/// Checks that a peer is a module, and a program.
pub(super) fn known_peer(peer: &Spanned<String>, packages: &Packages<'_>) -> Result<(), Fault> {
    let name = peer.get_ref();
    match packages.modules.iter().find(|module| module.name == *name) {
        Some(module) if module.is_program => Ok(()),
        Some(_) => Err(Fault::new(format!("module `{name}` is a library"), peer.span())
            .help(format!("a peer is a program: it has `modules/{name}/src/main.rs`"))),
        None => Err(Fault::new(format!("no module `{name}` in this example"), peer.span()).help(
            match name::suggest(name, packages.module_names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("a peer is a program in `modules/`; this would be `modules/{name}/`"),
            },
        )),
    }
}

pub(super) fn known_port(word: &Spanned<String>, has_peer: bool) -> Result<(), Fault> {
    if word.get_ref().contains(PORT) && !has_peer {
        return Err(Fault::new(format!("`{PORT}` without a peer"), word.span())
            .help("`peer = \"NAME\"` says which program in `modules/` listens there"));
    }
    Ok(())
}

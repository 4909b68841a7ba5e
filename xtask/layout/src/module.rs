//! Reads from a core module which memories and tables it uses, and what it places in them. Only this
//! file uses wasmparser and wat.
//!
//! The names of symbols are those of wasm-ld (LLVM, `lld/wasm`): `__stack_pointer`, `__stack_low`,
//! `__data_end`, `__heap_base`. A module exports them only if the linker was asked to. The stack
//! pointer is always a global, and the name section names it unless it was stripped.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, KnownCustom, Name, Operator, Parser,
    Payload, TypeRef,
};

const STACK_POINTER: &str = "__stack_pointer";

/// A core module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// By index: first the imported ones, then its own. Sizes are in bytes.
    pub memories: Vec<Origin>,
    /// By index. Sizes are in slots.
    pub tables: Vec<Origin>,
    pub globals: Vec<Global>,
    /// The sort and index of each export, by name.
    pub exports: BTreeMap<String, (Sort, usize)>,
    /// Active data segments, which are written when the module is instantiated.
    pub data: Vec<Data>,
    /// Active element segments, which fill slots of tables at the same time.
    pub elements: Vec<Elements>,
    /// The number of passive segments. Code writes them, so their addresses are unknown.
    pub passive: usize,
    /// The index of the global that is its stack pointer, if its code uses one.
    pub stack_pointer: Option<usize>,
    /// Whether its code grows a memory, as an allocator does.
    pub grows: bool,
}

/// The sorts of items that modules can share, as far as they matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    Memory,
    Table,
    Global,
}

/// Where a memory or table comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Own { size: u64 },
    Imported { module: String, name: String, size: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Global {
    Own(Option<Offset>),
    Imported { module: String, name: String },
}

/// A constant expression: the sum of a number and of globals, which are given by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    pub number: u64,
    pub globals: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    pub memory: usize,
    pub offset: Option<Offset>,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elements {
    pub table: usize,
    pub offset: Option<Offset>,
    pub count: u64,
}

/// Reads a module in the binary or the text format.
///
/// # Errors
/// Returns a message if the bytes are neither, or if they are a component: components do not share memories.
pub fn read(bytes: &[u8]) -> Result<Module, String> {
    let bytes = wat::parse_bytes(bytes).map_err(|error| error.to_string())?;
    if Parser::is_component(&bytes) {
        let what = "it is a component, which neither imports nor exports a memory, so it cannot share one";
        return Err(what.into());
    }
    parse(&bytes).map_err(|error| format!("it is not a valid core module: {error}"))
}

fn parse(bytes: &[u8]) -> wasmparser::Result<Module> {
    let mut module = Module::default();
    let mut used = BTreeSet::new();
    let mut named: Option<BTreeMap<String, usize>> = None;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    module.import(import?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    module.memories.push(Origin::Own { size: bytes_of(&memory?) });
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    module.tables.push(Origin::Own { size: table?.ty.initial });
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    let value = offset(&global.init_expr)?;
                    // wasm-ld puts the stack pointer before all other globals, and aligns its value.
                    let like_one =
                        value.as_ref().is_some_and(|value| value.number > 0 && value.number % 16 == 0);
                    if global.ty.mutable && like_one && module.stack_pointer.is_none() {
                        module.stack_pointer = Some(module.globals.len());
                    }
                    module.globals.push(Global::Own(value));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let sort = match export.kind {
                        ExternalKind::Memory => Sort::Memory,
                        ExternalKind::Table => Sort::Table,
                        ExternalKind::Global => Sort::Global,
                        _ => continue,
                    };
                    module.exports.insert(export.name.into(), (sort, export.index as usize));
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    match segment.kind {
                        DataKind::Passive => module.passive += 1,
                        DataKind::Active { memory_index, offset_expr } => module.data.push(Data {
                            memory: memory_index as usize,
                            offset: offset(&offset_expr)?,
                            bytes: segment.data.into(),
                        }),
                    }
                }
            }
            Payload::ElementSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    let count = match segment.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    };
                    if let ElementKind::Active { table_index, offset_expr } = segment.kind {
                        let (table, offset) = (table_index.unwrap_or(0) as usize, offset(&offset_expr)?);
                        module.elements.push(Elements { table, offset, count: count.into() });
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    match operator? {
                        Operator::MemoryGrow { .. } => module.grows = true,
                        Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                            used.insert(global_index as usize);
                        }
                        _ => {}
                    }
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for names in names {
                        if let Name::Global(names) = names? {
                            let names = names.into_iter().map(|naming| {
                                naming.map(|naming| (naming.name.to_string(), naming.index as usize))
                            });
                            named = Some(names.collect::<wasmparser::Result<_>>()?);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let is_import = |index: usize| matches!(module.globals.get(index), Some(Global::Imported { .. }));
    let imported = module.stack_pointer.is_some_and(is_import);
    if let Some((Sort::Global, index)) = module.exports.get(STACK_POINTER) {
        module.stack_pointer = Some(*index);
    } else if let Some(named) = named.filter(|_| !imported) {
        module.stack_pointer = named.get(STACK_POINTER).copied();
    }
    // wasm-ld adds this global to every module. If no code uses it, there is no stack.
    module.stack_pointer = module.stack_pointer.filter(|index| used.contains(index));
    Ok(module)
}

impl Module {
    fn import(&mut self, import: wasmparser::Import<'_>) {
        let (module, name) = (import.module.to_string(), import.name.to_string());
        match import.ty {
            TypeRef::Memory(memory) => {
                self.memories.push(Origin::Imported { module, name, size: bytes_of(&memory) });
            }
            TypeRef::Table(table) => self.tables.push(Origin::Imported { module, name, size: table.initial }),
            TypeRef::Global(_) => {
                // Position-independent modules import the stack pointer (WebAssembly tool conventions,
                // DynamicLinking.md).
                if name == STACK_POINTER {
                    self.stack_pointer = Some(self.globals.len());
                }
                self.globals.push(Global::Imported { module, name });
            }
            _ => {}
        }
    }
}

/// The initial size of a memory. Its pages have 64 KiB by default.
fn bytes_of(memory: &wasmparser::MemoryType) -> u64 {
    memory.initial.saturating_mul(1 << memory.page_size_log2.unwrap_or(16).min(16))
}

/// Reads a constant expression; `None` if it is anything but a sum.
fn offset(expression: &ConstExpr<'_>) -> wasmparser::Result<Option<Offset>> {
    let mut sum = Offset::default();
    for operator in expression.get_operators_reader() {
        match operator? {
            // Addresses are unsigned, but constants are signed.
            Operator::I32Const { value } => {
                sum.number = sum.number.wrapping_add(value.cast_unsigned().into());
            }
            Operator::I64Const { value } => sum.number = sum.number.wrapping_add(value.cast_unsigned()),
            Operator::GlobalGet { global_index } => sum.globals.push(global_index as usize),
            Operator::I32Add | Operator::I64Add | Operator::End => {}
            _ => return Ok(None),
        }
    }
    Ok(Some(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn module(text: &str) -> Module {
        read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_module_that_imports_its_memory() {
        let module = module(
            r#"(module
                (import "env" "memory" (memory 2))
                (import "env" "__memory_base" (global $base i32))
                (global $__stack_pointer (mut i32) (i32.const 1024))
                (func (drop (global.get $__stack_pointer)))
                (data (i32.const 8) "hello")
                (data (i32.add (global.get $base) (i32.const 16)) "moved")
                (data "passive"))"#,
        );
        let env = |name: &str| ("env".to_string(), name.to_string());
        let (of, name) = env("memory");
        assert_eq!(module.memories, [Origin::Imported { module: of, name, size: 131_072 }]);
        let (of, name) = env("__memory_base");
        let sp = Offset { number: 1024, globals: vec![] };
        assert_eq!(module.globals, [Global::Imported { module: of, name }, Global::Own(Some(sp))]);
        assert_eq!(module.stack_pointer, Some(1));
        let at = |number, globals: &[usize]| Some(Offset { number, globals: globals.into() });
        let data: Vec<_> = module.data.iter().map(|data| (&data.bytes[..], data.offset.clone())).collect();
        assert_eq!(data, [(&b"hello"[..], at(8, &[])), (b"moved", at(16, &[0]))]);
        assert_eq!((module.passive, module.grows), (1, false));
    }

    #[test]
    fn tables_and_growth() {
        let module = module(
            r#"(module
                (memory (export "memory") 1)
                (table (export "table") 10 funcref)
                (elem (i32.const 1) $f $f)
                (func $f (drop (memory.grow (i32.const 1)))))"#,
        );
        assert_eq!(module.tables, [Origin::Own { size: 10 }]);
        assert_eq!(
            module.elements,
            [Elements { table: 0, offset: Some(Offset { number: 1, globals: vec![] }), count: 2 }]
        );
        assert_eq!(module.exports["memory"], (Sort::Memory, 0));
        assert!(module.grows);
        assert_eq!(module.stack_pointer, None);
    }

    #[track_caller]
    fn check_stack_pointer(globals: &str, index: Option<usize>) {
        let uses = r#"(func (drop (global.get 0)) (drop (global.get 1)))"#;
        assert_eq!(module(&format!("(module {globals} {uses})")).stack_pointer, index);
    }

    #[test]
    fn which_global_is_the_stack_pointer() {
        let exported = r#"(global (export "__stack_pointer") (mut i32) (i32.const 9))"#;
        check_stack_pointer(&format!("(global (mut i32) (i32.const 16)) {exported}"), Some(1));
        // Without names: the global that looks like a stack pointer.
        let constant = "(global i32 (i32.const 16))";
        check_stack_pointer(&format!("{constant} (global (mut i32) (i32.const 32))"), Some(1));
        check_stack_pointer(&format!("{constant} (global (mut i32) (i32.const 0))"), None);
        check_stack_pointer(&format!("{constant} (global $counter (mut i32) (i32.const 16))"), None);
        // No code uses it.
        check_stack_pointer(&format!("{constant} {constant} {exported}"), None);
    }

    #[test]
    fn invalid_modules() {
        assert!(read(b"(module (memory").unwrap_err().contains("expected"));
        assert!(read(b"\0asm\x0d\0\x01\0").unwrap_err().starts_with("it is a component"));
        assert!(read(b"\0asm\x01\0\0\0\xff\xff").unwrap_err().starts_with("it is not a valid core module"));
    }
}

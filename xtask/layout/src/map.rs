//! Computes the map of each memory and table that instances share: what lies where, which instance
//! it belongs to, and what overlaps. Nothing here does I/O.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::module::{Global, Module, Offset, Origin, Sort};

/// A module with the name under which later modules import from it. Instances are instantiated in
/// order.
#[derive(Clone, Debug)]
pub struct Instance {
    pub name: String,
    pub module: Module,
}

/// A memory or a table, and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The instance that defines it and its export, as `env.memory`; or the import, if no instance
    /// provides it.
    pub name: String,
    /// The size and all addresses are in bytes for a memory, in slots for a table.
    pub sort: Sort,
    pub size: u64,
    /// The instances that use it, in the order of instantiation.
    pub users: Vec<String>,
    pub regions: Vec<Region>,
}

/// A part of a memory or table that belongs to one or more instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The numbers of the instances that it belongs to: more than one if they share a stack.
    pub owners: Vec<usize>,
    /// Their names.
    pub owner: String,
    pub kind: Kind,
    pub range: Range<u64>,
    /// For data, the bytes that are written when its module is instantiated.
    pub bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Data,
    /// Data that is initially zero, so that no segment contains it.
    Zeroed,
    Stack,
    Heap,
    Slots,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Data => "data",
            Kind::Zeroed => "zeroed data",
            Kind::Stack => "stack",
            Kind::Heap => "heap",
            Kind::Slots => "slots",
        }
    }
}

/// Two regions of different instances that overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap<'a> {
    pub range: Range<u64>,
    /// The region that overwrites the other: that of the later instance, or a stack or heap as it
    /// grows.
    pub over: &'a Region,
    pub under: &'a Region,
}

/// The maps of the memories and tables of these instances, and notes about what cannot be computed.
///
/// Shared memories come first, then shared tables. Memories that are not shared are included only if
/// no memory is shared.
pub fn maps(instances: &[Instance]) -> (Vec<Map>, Vec<String>) {
    let world = World { instances };
    let mut notes = Vec::new();
    let mut maps: BTreeMap<(Sort, Id), Map> = BTreeMap::new();
    for (number, instance) in instances.iter().enumerate() {
        for (sort, origins) in
            [(Sort::Memory, &instance.module.memories), (Sort::Table, &instance.module.tables)]
        {
            for (index, origin) in origins.iter().enumerate() {
                let id = world.resolve(number, sort, index);
                let (Origin::Own { size } | Origin::Imported { size, .. }) = origin;
                if let Id::Outside { module, name } = &id {
                    notes.push(format!(
                        "nothing before {} exports {module}.{name}, so wasmtime refuses to run this; the map \
                         assumes that all instances that import it share one",
                        instance.name
                    ));
                }
                let map = maps.entry((sort, id.clone())).or_insert_with(|| Map {
                    name: world.name(sort, &id),
                    sort,
                    size: *size,
                    users: Vec::new(),
                    regions: Vec::new(),
                });
                map.size = map.size.max(*size);
                if map.users.last() != Some(&instance.name) {
                    map.users.push(instance.name.clone());
                }
            }
        }
        if instance.module.passive > 0 {
            notes.push(format!(
                "{} writes {} data segments by code, so their addresses are unknown",
                instance.name, instance.module.passive
            ));
        }
        for (sort, index, region) in world.regions(number, &mut notes) {
            let Some(map) = maps.get_mut(&(sort, world.resolve(number, sort, index))) else { continue };
            // Every instance that shares a stack reports it.
            let is_known = region.kind == Kind::Stack
                && map.regions.iter().any(|other| other.kind == Kind::Stack && other.owners == region.owners);
            if !is_known {
                map.regions.push(region);
            }
        }
    }
    for map in maps.values_mut() {
        for region in &mut map.regions {
            // An allocator first uses the rest of the memory. What it adds by growing the memory
            // belongs to it alone.
            if region.kind == Kind::Heap {
                region.range.end = map.size;
            }
        }
        map.regions.retain(|region| !region.range.is_empty());
    }
    let mut maps: Vec<_> =
        maps.into_values().filter(|map| map.sort == Sort::Memory || map.size > 0).collect();
    maps.iter_mut()
        .for_each(|map| map.regions.sort_by_key(|region| (region.owners.clone(), region.range.start)));
    maps.sort_by_key(|map| (map.sort, !map.is_shared()));
    let shares_memory = maps.first().is_some_and(|map| map.sort == Sort::Memory && map.is_shared());
    maps.retain(|map| map.is_shared() || map.sort == Sort::Memory && !shares_memory);
    notes.dedup();
    (maps, notes)
}

impl Map {
    /// Whether more than one instance uses it.
    pub fn is_shared(&self) -> bool {
        self.users.len() > 1
    }

    /// All overlaps, in the order of their addresses.
    pub fn overlaps(&self) -> Vec<Overlap<'_>> {
        let mut overlaps = Vec::new();
        for (number, one) in self.regions.iter().enumerate() {
            for other in &self.regions[number + 1..] {
                let range = one.range.start.max(other.range.start)..one.range.end.min(other.range.end);
                if range.is_empty() || one.owners.iter().any(|owner| other.owners.contains(owner)) {
                    continue;
                }
                // Data is written at instantiation; stacks and heaps grow over it later, while code runs.
                let runs = |region: &Region| matches!(region.kind, Kind::Stack | Kind::Heap);
                let is_over = (runs(one), one.owners.first()) > (runs(other), other.owners.first());
                let (over, under) = if is_over { (one, other) } else { (other, one) };
                overlaps.push(Overlap { range, over, under });
            }
        }
        overlaps.sort_by_key(|overlap| (overlap.range.start, overlap.range.end));
        overlaps
    }
}

impl Overlap<'_> {
    /// The bytes that are overwritten, if they are known.
    pub fn lost(&self) -> &[u8] {
        let Region { range, bytes, .. } = self.under;
        let from = (self.range.start - range.start) as usize;
        let to = (self.range.end - range.start) as usize;
        bytes.get(from..to).unwrap_or_default()
    }
}

/// The identity of a memory, table or global, independent of the names under which it is imported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Of {
        instance: usize,
        index: usize,
    },
    /// An import that no instance provides.
    Outside {
        module: String,
        name: String,
    },
}

struct World<'a> {
    instances: &'a [Instance],
}

impl World<'_> {
    /// The item that an index of an instance refers to.
    fn resolve(&self, instance: usize, sort: Sort, index: usize) -> Id {
        let module = &self.instances[instance].module;
        let imported = match sort {
            Sort::Memory => module.memories.get(index).and_then(Origin::import),
            Sort::Table => module.tables.get(index).and_then(Origin::import),
            Sort::Global => module.globals.get(index).and_then(Global::import),
        };
        let Some((from, name)) = imported else { return Id::Of { instance, index } };
        let before = self.instances[..instance].iter().enumerate().rev();
        let export = before.filter(|(_, other)| other.name == from).find_map(|(provider, other)| {
            let (found, index) = other.module.exports.get(name)?;
            (*found == sort).then_some((provider, *index))
        });
        match export {
            Some((provider, index)) => self.resolve(provider, sort, index),
            None => Id::Outside { module: from.into(), name: name.into() },
        }
    }

    /// The name of a memory or table: the instance that defines it, and its first export.
    fn name(&self, sort: Sort, id: &Id) -> String {
        match id {
            Id::Outside { module, name } => format!("{module}.{name}"),
            Id::Of { instance, index } => {
                let Instance { name, module } = &self.instances[*instance];
                let export = module.exports.iter().find(|(_, export)| **export == (sort, *index));
                let word = if sort == Sort::Memory { "memory" } else { "table" };
                format!("{name}.{}", export.map_or(word, |(export, _)| export.as_str()))
            }
        }
    }

    /// The initial value of a global.
    fn value(&self, instance: usize, index: usize) -> Option<u64> {
        match self.resolve(instance, Sort::Global, index) {
            Id::Outside { .. } => None,
            Id::Of { instance, index } => match self.instances[instance].module.globals.get(index)? {
                Global::Own(Some(offset)) => self.sum(instance, offset),
                _ => None,
            },
        }
    }

    fn sum(&self, instance: usize, offset: &Offset) -> Option<u64> {
        let globals = offset.globals.iter().map(|global| self.value(instance, *global));
        let sum = globals.sum::<Option<u64>>()?.wrapping_add(offset.number);
        // 32-bit addresses wrap around.
        Some(sum & u64::from(u32::MAX))
    }

    /// The value of a global that an instance exports.
    fn exported(&self, instance: usize, name: &str) -> Option<u64> {
        match self.instances[instance].module.exports.get(name)? {
            (Sort::Global, index) => self.value(instance, *index),
            _ => None,
        }
    }

    /// All regions of an instance, each with the index of the memory or table in which it lies.
    fn regions(&self, number: usize, notes: &mut Vec<String>) -> Vec<(Sort, usize, Region)> {
        let Instance { name, module } = &self.instances[number];
        let region = |owners: Vec<usize>, kind, range, bytes: &[u8]| {
            let owner = name_of(self.instances, &owners);
            Region { owners, owner, kind, range, bytes: bytes.into() }
        };
        let own = |kind, range, bytes: &[u8]| region(vec![number], kind, range, bytes);
        let mut regions = Vec::new();
        let mut ends = Vec::new();
        for data in &module.data {
            let Some(start) = data.offset.as_ref().and_then(|offset| self.sum(number, offset)) else {
                notes.push(format!("the address of a data segment of {name} is unknown before it runs"));
                continue;
            };
            let end = start + data.bytes.len() as u64;
            ends.push(end);
            regions.push((Sort::Memory, data.memory, own(Kind::Data, start..end, &data.bytes)));
        }
        for elements in &module.elements {
            let Some(start) = elements.offset.as_ref().and_then(|offset| self.sum(number, offset)) else {
                notes.push(format!(
                    "the slots that an element segment of {name} fills are unknown before it runs"
                ));
                continue;
            };
            let range = start..start + elements.count;
            regions.push((Sort::Table, elements.table, own(Kind::Slots, range, &[])));
        }
        let data_end = self.exported(number, "__data_end");
        if let Some((from, to)) = ends.iter().copied().max().zip(data_end) {
            regions.push((Sort::Memory, 0, own(Kind::Zeroed, from..to, &[])));
        }
        let stack = self.stack(number, &ends);
        if let Some((owners, range)) = stack.clone() {
            regions.push((Sort::Memory, 0, region(owners, Kind::Stack, range, &[])));
        }
        if module.grows {
            let ends = ends.into_iter().chain(data_end).chain(stack.map(|(_, stack)| stack.end));
            let start = self.exported(number, "__heap_base").or_else(|| ends.max().map(aligned));
            regions.extend(start.map(|start| (Sort::Memory, 0, own(Kind::Heap, start..u64::MAX, &[]))));
        }
        regions
    }

    /// The stack of an instance, and the instances that share it: those with the same stack pointer.
    ///
    /// The stack ends at the initial value of the pointer and grows down to `__stack_low`. If that is
    /// not exported, it grows down to the data below it, or to 0 if there is none (wasm-ld's
    /// `--stack-first`, which is the default today).
    fn stack(&self, number: usize, ends: &[u64]) -> Option<(Vec<usize>, Range<u64>)> {
        let pointer = self.pointer(number)?;
        let Id::Of { instance: holder, index } = pointer else { return None };
        let high = self.value(holder, index)?;
        let data_end = self.exported(number, "__data_end").into_iter().chain(ends.iter().copied());
        let below = data_end.filter(|end| *end <= high).max();
        let low = self.exported(holder, "__stack_low").or(below.map(aligned)).unwrap_or(0);
        let owners =
            (0..self.instances.len()).filter(|other| self.pointer(*other).as_ref() == Some(&pointer));
        Some((owners.collect(), low.min(high)..high))
    }

    fn pointer(&self, number: usize) -> Option<Id> {
        let index = self.instances[number].module.stack_pointer?;
        // A module without a memory can have globals, but no stack.
        self.instances[number].module.memories.first()?;
        Some(self.resolve(number, Sort::Global, index))
    }
}

impl Origin {
    fn import(&self) -> Option<(&str, &str)> {
        match self {
            Origin::Own { .. } => None,
            Origin::Imported { module, name, .. } => Some((module, name)),
        }
    }
}

impl Global {
    fn import(&self) -> Option<(&str, &str)> {
        match self {
            Global::Own(_) => None,
            Global::Imported { module, name } => Some((module, name)),
        }
    }
}

/// The next address at which wasm-ld can place a stack or a heap: it aligns them to 16 bytes.
fn aligned(address: u64) -> u64 {
    address.next_multiple_of(16)
}

fn name_of(instances: &[Instance], owners: &[usize]) -> String {
    let names: Vec<_> = owners.iter().map(|owner| instances[*owner].name.as_str()).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::*;
    use crate::module;

    fn instance(name: &str, text: &str) -> Instance {
        Instance { name: name.into(), module: module::read(text.as_bytes()).unwrap() }
    }

    /// The regions and the overlaps of the first map, in words.
    fn described(instances: &[Instance]) -> (Vec<String>, Vec<String>) {
        let (maps, _) = maps(instances);
        let named = |region: &Region| {
            format!("{} {} {}..{}", region.owner, region.kind.word(), region.range.start, region.range.end)
        };
        let map = &maps[0];
        let overlaps = map.overlaps();
        let overlaps = overlaps.iter().map(|overlap| {
            let Overlap { range, over, under } = overlap;
            format!("{}..{}: {} / {}", range.start, range.end, named(over), named(under))
        });
        (map.regions.iter().map(named).collect(), overlaps.collect())
    }

    const ENV: &str = r#"(module (memory (export "memory") 1)
        (global (export "__stack_pointer") (mut i32) (i32.const 4096))
        (global (export "__stack_low") i32 (i32.const 1024))
        (global (export "base") i32 (i32.const 512)))"#;

    #[test]
    fn a_shared_stack_is_not_an_overlap() {
        let user = r#"(module (import "env" "memory" (memory 1))
            (import "env" "__stack_pointer" (global $sp (mut i32)))
            (func (global.set $sp (i32.const 0))))"#;
        let (regions, overlaps) =
            described(&[instance("env", ENV), instance("a", user), instance("b", user)]);
        assert_eq!(regions, ["a and b stack 1024..4096"]);
        assert!(overlaps.is_empty());
    }

    #[test]
    fn separate_stacks_at_the_same_address() {
        let user = |high: u32| {
            format!(
                r#"(module (import "env" "memory" (memory 1))
                    (global $__stack_pointer (mut i32) (i32.const {high}))
                    (func (global.set $__stack_pointer (i32.const 0))) (data (i32.const 64) "x"))"#
            )
        };
        let (regions, overlaps) =
            described(&[instance("env", ENV), instance("a", &user(4096)), instance("b", &user(32))]);
        // Without `__stack_low`, a stack reaches down to the data below it, or to 0.
        assert_eq!(regions, ["a data 64..65", "a stack 80..4096", "b stack 0..32", "b data 64..65"]);
        assert_eq!(overlaps, ["64..65: b data 64..65 / a data 64..65"]);
    }

    #[test]
    fn addresses_from_imported_globals() {
        let user = r#"(module (import "env" "memory" (memory 1)) (import "env" "base" (global $base i32))
            (data (i32.add (global.get $base) (i32.const 8)) "moved") (func (drop (memory.grow (i32.const 1)))))"#;
        let (regions, overlaps) = described(&[instance("env", ENV), instance("a", user)]);
        assert_eq!(regions, ["a data 520..525", "a heap 528..65536"]);
        assert!(overlaps.is_empty());
    }

    #[test]
    fn a_memory_that_is_exported_again() {
        let exports_again = r#"(module (import "env" "memory" (memory 1)) (export "m" (memory 0)) (data (i32.const 0) "one"))"#;
        let user = r#"(module (import "a" "m" (memory 1)) (data (i32.const 2) "two"))"#;
        let instances = [instance("env", ENV), instance("a", exports_again), instance("b", user)];
        let (_, overlaps) = described(&instances);
        assert_eq!(overlaps, ["2..3: b data 2..5 / a data 0..3"]);
        assert_eq!(maps(&instances).0[0].users, ["env", "a", "b"]);
        // Without the instance that provides it, a memory is assumed for the import, and a note says so.
        let (maps, notes) = maps(&instances[1..2]);
        assert_eq!(maps[0].name, "env.memory");
        assert!(notes[0].starts_with("nothing before a exports env.memory"), "{notes:?}");
    }

    #[test]
    fn slots_of_a_table() {
        let env = r#"(module (table (export "t") 10 funcref))"#;
        let user = r#"(module (import "env" "t" (table 1 funcref)) (elem (i32.const 1) $f $f) (func $f))"#;
        let (_, overlaps) = described(&[instance("env", env), instance("a", user), instance("b", user)]);
        assert_eq!(overlaps, ["1..3: b slots 1..3 / a slots 1..3"]);
    }

    /// Pseudo-random numbers that are the same in every run.
    struct Random(u64);

    impl Random {
        /// A number below `bound`.
        fn below(&mut self, bound: u64) -> u64 {
            self.0 += 1;
            let mut hasher = DefaultHasher::new();
            self.0.hash(&mut hasher);
            hasher.finish() % bound
        }
    }

    /// Four instances, named by their numbers, which place data in these ranges.
    fn placed(places: &[(usize, Range<u64>)]) -> Vec<Instance> {
        let env = module::read(ENV.as_bytes()).unwrap();
        let user = module::read(br#"(module (import "env" "memory" (memory 1)))"#).unwrap();
        let mut instances = vec![Instance { name: "env".into(), module: env }];
        instances.extend((0..4).map(|number| Instance { name: format!("{number}"), module: user.clone() }));
        for (number, range) in places {
            instances[number + 1].module.data.push(module::Data {
                memory: 0,
                offset: Some(Offset { number: range.start, globals: Vec::new() }),
                bytes: vec![b'x'; (range.end - range.start) as usize],
            });
        }
        instances
    }

    #[test]
    fn data_placed_apart_never_overlaps() {
        let mut random = Random(1 << 32);
        for _ in 0..300 {
            let mut at = 0;
            let mut places = Vec::new();
            for _ in 0..random.below(12) {
                let start = at + random.below(3);
                at = start + random.below(20);
                places.push((random.below(4) as usize, start..at));
            }
            places.sort_by_cached_key(|_| random.below(u64::MAX));
            let (maps, _) = maps(&placed(&places));
            assert_eq!(maps[0].overlaps(), [], "{places:?}");
        }
    }

    #[test]
    fn exactly_what_overlaps_is_found() {
        let mut random = Random(2 << 32);
        for _ in 0..300 {
            // The segments of one module do not overlap, as a linker places them. Those of different
            // modules may.
            let mut places = Vec::new();
            for number in 0..4 {
                let mut at = 0;
                for _ in 0..random.below(4) {
                    let start = at + random.below(40);
                    at = start + 1 + random.below(20);
                    places.push((number, start..at));
                }
            }
            let instances = placed(&places);
            let (maps, _) = maps(&instances);
            // Each address that is overwritten, with the two instances.
            let mut lost = BTreeSet::new();
            for overlap in maps[0].overlaps() {
                assert!(overlap.over.owners > overlap.under.owners, "the later instance overwrites");
                for address in overlap.range.clone() {
                    lost.insert((address, overlap.under.owners[0] - 1, overlap.over.owners[0] - 1));
                }
            }
            for address in 0..200 {
                let has = |number| places.iter().any(|(of, range)| *of == number && range.contains(&address));
                for one in 0..4 {
                    for other in one + 1..4 {
                        let both = has(one) && has(other);
                        assert_eq!(lost.contains(&(address, one, other)), both, "{address} {places:?}");
                    }
                }
            }
        }
    }
}

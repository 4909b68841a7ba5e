//! Maps memory by the `memmap2` crate.

use memmap2::MmapMut;

fn main() {
    match MmapMut::map_anon(4096) {
        Ok(mut map) => {
            map[0] = 1;
            println!("mapped {} bytes, the first is {}", map.len(), map[0]);
        }
        Err(error) => println!("refused: {:?}: {error}", error.kind()),
    }
}

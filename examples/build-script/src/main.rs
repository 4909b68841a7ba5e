//! Prints what its build script found out about the target, and what the compiler says.

fn main() {
    println!("cfg! in the build script: {}", env!("CFG_OF_SCRIPT"));
    println!("CARGO_CFG_ in the build script: {}", env!("CFG_OF_PROGRAM"));
    let system = if cfg!(unix) { "like Unix" } else { "unlike Unix" };
    println!("cfg! in the program: {system}, {} bits", usize::BITS);
}

//! The executable `exeunt`.
fn main() {}

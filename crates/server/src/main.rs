//! The executable `exeunt`.

use std::process::ExitCode;

fn main() -> ExitCode {
    exeunt::cli::main()
}

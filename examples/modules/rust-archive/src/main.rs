//! An exit module: every certificate and CRL, in a folder.

mod archive;
mod folder;

use std::process::ExitCode;

use archive::Archive;

fn main() -> ExitCode {
    exeunt_stdio::run_exit(Archive::new)
}

//! What each kit consists of. The build script has gathered it.

use clap::ValueEnum;

/// One file of a kit.
#[derive(Debug)]
pub(super) struct File {
    /// Where it goes, below the kit's folder.
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    pub(super) executable: bool,
}

/// What modules are built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kit {
    /// COM modules in C and C++: headers, a runtime for Linux, a Makefile to include
    #[value(alias = "cpp")]
    C,
    /// Programs in Python, and the other end of webhooks: a package
    Python,
    /// Programs in Rust: the crates `exeunt-module` and `exeunt-stdio`
    Rust,
    /// Programs in any language: the schema of the protocol
    Wire,
    /// WebAssembly components: their interfaces
    Wit,
}

mod gathered {
    use super::File;

    include!(concat!(env!("OUT_DIR"), "/kits.rs"));
}

impl Kit {
    /// The word on the command line.
    pub(in crate::cli) const fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Wire => "wire",
            Self::Wit => "wit",
        }
    }

    /// What it is, for people.
    pub(in crate::cli) const fn title(self) -> &'static str {
        match self {
            Self::C => "the kit for C and C++",
            Self::Python => "the package for Python",
            Self::Rust => "the crates for Rust",
            Self::Wire => "the protocol's schema",
            Self::Wit => "the interfaces of components",
        }
    }

    /// The folder of a project that it lies in.
    pub(in crate::cli) const fn folder(self) -> &'static str {
        match self {
            Self::C | Self::Rust => "exeunt-sdk",
            Self::Python => "exeunt_module",
            Self::Wire => "wire",
            Self::Wit => "wit",
        }
    }

    pub(super) const fn files(self) -> &'static [File] {
        match self {
            Self::C => gathered::C,
            Self::Python => gathered::PYTHON,
            Self::Rust => gathered::RUST,
            Self::Wire => gathered::WIRE,
            Self::Wit => gathered::WIT,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::path::{Component, Path};

    use super::*;

    #[test]
    fn kits_are_whole_and_hold_nothing_else() {
        for (kit, needed) in [
            (
                Kit::C,
                &["include/certexit.h", "runtime/attach.cpp", "windows/certidl.c", "exeunt-module.mk", "check-module"]
                    [..],
            ),
            (Kit::Python, &["__init__.py", "py.typed"]),
            (
                Kit::Rust,
                &[
                    "module/Cargo.toml",
                    "module/src/property/table.rs",
                    "stdio/Cargo.toml",
                    "stdio/README.md",
                    "stdio/src/lib.rs",
                ],
            ),
            (Kit::Wire, &["protocol.schema.json"]),
            (Kit::Wit, &["types.wit", "server.wit", "worlds.wit"]),
        ] {
            let paths: Vec<&str> = kit.files().iter().map(|file| file.path).collect();
            for path in needed.iter().chain(&["LICENSE-APACHE", "LICENSE-MIT"]) {
                assert!(paths.contains(path), "{kit:?} has no {path}");
            }
            for file in kit.files() {
                let mut parts = Path::new(file.path).components();
                assert!(parts.all(|part| matches!(part, Component::Normal(_))), "{}", file.path);
                assert!(!file.path.contains("tests") && !file.path.ends_with(".pyc"), "{}", file.path);
                let script = file.text.starts_with("#!");
                assert_eq!(file.executable, script, "{}", file.path);
            }
        }
    }

    #[test]
    fn the_crates_stand_by_themselves() {
        for file in Kit::Rust.files() {
            assert!(!file.text.contains("#[cfg(test)]"), "{} has tests", file.path);
            if file.path.ends_with("Cargo.toml") {
                let manifest: toml::Table = file.text.parse().unwrap();
                assert!(!file.text.contains("workspace = true"), "{}", file.text);
                for part in ["dev-dependencies", "lints"] {
                    assert!(!manifest.contains_key(part), "{}: {part}", file.path);
                }
            }
        }
    }
}

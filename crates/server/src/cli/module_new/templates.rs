//! The files of each project, but for what it is built with: that is a [kit](crate::cli::module_sdk). The little of COM that
//! C++ modules share comes from an example.

use super::{Language, Template};
use crate::cli::installed_module::Role;

/// A file of `templates/module/`, or with `example` one of `examples/modules/`.
macro_rules! file {
    ($path:literal, example $from:literal) => {
        Template {
            path: $path,
            text: include_str!(concat!("../../../../../examples/modules/", $from)),
            executable: false,
        }
    };
    ($path:literal, $from:literal) => {
        Template { path: $path, text: include_str!(concat!("../../../templates/module/", $from)), executable: false }
    };
    ($path:literal, program $from:literal) => {
        Template { path: $path, text: include_str!(concat!("../../../templates/module/", $from)), executable: true }
    };
}

const ANY_EXIT: &[Template] = &[
    file!("exeunt-module.toml", "any/exit/exeunt-module.toml"),
    file!("@name@.sh", program "any/exit/module.sh"),
    file!("test.sh", program "any/exit/test.sh"),
    file!("README.md", "any/exit/README.md"),
];
const ANY_POLICY: &[Template] = &[
    file!("exeunt-module.toml", "any/policy/exeunt-module.toml"),
    file!("@name@.sh", program "any/policy/module.sh"),
    file!("test.sh", program "any/policy/test.sh"),
    file!("README.md", "any/policy/README.md"),
];
const PYTHON_EXIT: &[Template] = &[
    file!("exeunt-module.toml", "python/exit/exeunt-module.toml"),
    file!("@snake@.py", program "python/exit/module.py"),
    file!("test_@snake@.py", "python/exit/test_module.py"),
    file!("README.md", "python/exit/README.md"),
    file!(".gitignore", "python/exit/gitignore"),
];
const PYTHON_POLICY: &[Template] = &[
    file!("exeunt-module.toml", "python/policy/exeunt-module.toml"),
    file!("@snake@.py", program "python/policy/module.py"),
    file!("test_@snake@.py", "python/policy/test_module.py"),
    file!("README.md", "python/policy/README.md"),
    file!(".gitignore", "python/policy/gitignore"),
];
const RUST_EXIT: &[Template] = &[
    file!("Cargo.toml", "rust/exit/Cargo.toml"),
    file!("exeunt-module.toml", "rust/exit/exeunt-module.toml"),
    file!("src/main.rs", "rust/exit/main.rs"),
    file!("rustfmt.toml", "rust/rustfmt.toml"),
    file!("README.md", "rust/exit/README.md"),
    file!(".gitignore", "rust/exit/gitignore"),
];
const RUST_POLICY: &[Template] = &[
    file!("Cargo.toml", "rust/policy/Cargo.toml"),
    file!("exeunt-module.toml", "rust/policy/exeunt-module.toml"),
    file!("src/main.rs", "rust/policy/main.rs"),
    file!("rustfmt.toml", "rust/rustfmt.toml"),
    file!("README.md", "rust/policy/README.md"),
    file!(".gitignore", "rust/policy/gitignore"),
];
const WASM_RUST_EXIT: &[Template] = &[
    file!("Cargo.toml", "wasm-rust/exit/Cargo.toml"),
    // The versions that the example was tried with. Cargo puts the project's own name in.
    file!("Cargo.lock", example "wasm-rust-ledger/Cargo.lock"),
    file!("exeunt-module.toml", "wasm-rust/exit/exeunt-module.toml"),
    file!("src/lib.rs", "wasm-rust/exit/lib.rs"),
    file!("rustfmt.toml", "rust/rustfmt.toml"),
    file!("README.md", "wasm-rust/exit/README.md"),
    file!(".gitignore", "wasm-rust/exit/gitignore"),
];
const WASM_RUST_POLICY: &[Template] = &[
    file!("Cargo.toml", "wasm-rust/policy/Cargo.toml"),
    // The versions that the example was tried with. Cargo puts the project's own name in.
    file!("Cargo.lock", example "wasm-rust-ledger/Cargo.lock"),
    file!("exeunt-module.toml", "wasm-rust/policy/exeunt-module.toml"),
    file!("src/lib.rs", "wasm-rust/policy/lib.rs"),
    file!("src/names.rs", "wasm-rust/policy/names.rs"),
    file!("rustfmt.toml", "rust/rustfmt.toml"),
    file!("README.md", "wasm-rust/policy/README.md"),
    file!(".gitignore", "wasm-rust/policy/gitignore"),
];
const WASM_PYTHON_EXIT: &[Template] = &[
    file!("exeunt-module.toml", "wasm-python/exit/exeunt-module.toml"),
    file!("app.py", "wasm-python/exit/app.py"),
    file!("lines.py", "wasm-python/exit/lines.py"),
    file!("test_app.py", "wasm-python/exit/test_app.py"),
    file!("test_lines.py", "wasm-python/exit/test_lines.py"),
    file!("README.md", "wasm-python/exit/README.md"),
    file!(".gitignore", "wasm-python/exit/gitignore"),
];
const WASM_PYTHON_POLICY: &[Template] = &[
    file!("exeunt-module.toml", "wasm-python/policy/exeunt-module.toml"),
    file!("app.py", "wasm-python/policy/app.py"),
    file!("names.py", "wasm-python/policy/names.py"),
    file!("test_app.py", "wasm-python/policy/test_app.py"),
    file!("test_names.py", "wasm-python/policy/test_names.py"),
    file!("README.md", "wasm-python/policy/README.md"),
    file!(".gitignore", "wasm-python/policy/gitignore"),
];
const CPP_EXIT: &[Template] = &[
    file!("exeunt-module.toml", "cpp/exit/exeunt-module.toml"),
    file!("Makefile", "cpp/Makefile"),
    file!("com.h", example "cpp-exit/com.h"),
    file!("server.cpp", "cpp/server.cpp"),
    file!("module.cpp", "cpp/exit/module.cpp"),
    file!("@snake@.def", "cpp/module.def"),
    file!("README.md", "cpp/exit/README.md"),
    file!(".gitignore", "cpp/gitignore"),
];
const CPP_POLICY: &[Template] = &[
    file!("exeunt-module.toml", "cpp/policy/exeunt-module.toml"),
    file!("Makefile", "cpp/Makefile"),
    file!("com.h", example "cpp-exit/com.h"),
    file!("server.cpp", "cpp/server.cpp"),
    file!("module.cpp", "cpp/policy/module.cpp"),
    file!("@snake@.def", "cpp/module.def"),
    file!("README.md", "cpp/policy/README.md"),
    file!(".gitignore", "cpp/gitignore"),
];
const WEBHOOK_EXIT: &[Template] = &[
    file!("exeunt-module.toml", "webhook/exit/exeunt-module.toml"),
    file!("endpoint.py", program "webhook/exit/endpoint.py"),
    file!("test_endpoint.py", "webhook/exit/test_endpoint.py"),
    file!("README.md", "webhook/exit/README.md"),
    file!(".gitignore", "webhook/gitignore"),
];
const WEBHOOK_POLICY: &[Template] = &[
    file!("exeunt-module.toml", "webhook/policy/exeunt-module.toml"),
    file!("endpoint.py", program "webhook/policy/endpoint.py"),
    file!("test_endpoint.py", "webhook/policy/test_endpoint.py"),
    file!("README.md", "webhook/policy/README.md"),
    file!(".gitignore", "webhook/gitignore"),
];

/// The files of a project.
pub(super) const fn files(language: Language, role: Role) -> &'static [Template] {
    match (language, role) {
        (Language::Any, Role::Exit) => ANY_EXIT,
        (Language::Any, Role::Policy) => ANY_POLICY,
        (Language::Python, Role::Exit) => PYTHON_EXIT,
        (Language::Python, Role::Policy) => PYTHON_POLICY,
        (Language::Rust, Role::Exit) => RUST_EXIT,
        (Language::Rust, Role::Policy) => RUST_POLICY,
        (Language::WasmRust, Role::Exit) => WASM_RUST_EXIT,
        (Language::WasmRust, Role::Policy) => WASM_RUST_POLICY,
        (Language::WasmPython, Role::Exit) => WASM_PYTHON_EXIT,
        (Language::WasmPython, Role::Policy) => WASM_PYTHON_POLICY,
        (Language::Cpp, Role::Exit) => CPP_EXIT,
        (Language::Cpp, Role::Policy) => CPP_POLICY,
        (Language::Webhook, Role::Exit) => WEBHOOK_EXIT,
        (Language::Webhook, Role::Policy) => WEBHOOK_POLICY,
    }
}

/// The commands that build a project, or make what it needs, before it can be tried.
pub(super) fn build(language: Language, role: Role) -> &'static [&'static str] {
    match (language, role) {
        (Language::Any | Language::Python, _) => &[],
        (Language::Rust, _) => &["cargo build --release"],
        (Language::WasmRust, _) => &["cargo build --release --target wasm32-wasip2"],
        (Language::WasmPython, Role::Exit) => {
            &["componentize-py --wit-path wit --world exeunt:modules/exit componentize app --output @name@.wasm"]
        }
        (Language::WasmPython, Role::Policy) => {
            &["componentize-py --wit-path wit --world exeunt:modules/policy componentize app --output @name@.wasm"]
        }
        (Language::Cpp, _) => &["make"],
        (Language::Webhook, _) => &[
            r#"(umask 077; echo "whsec_$(openssl rand -base64 32)" > secret)"#,
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout endpoint.key -out endpoint.pem \
             -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
        ],
    }
}

/// The command that runs a project's own tests, where it has any.
pub(super) fn own_tests(language: Language) -> Option<&'static str> {
    match language {
        Language::Any => Some("sh test.sh"),
        Language::Python | Language::WasmPython | Language::Webhook => Some("python3 -m unittest"),
        Language::Rust | Language::WasmRust => Some("cargo test --release"),
        Language::Cpp => None,
    }
}

/// The command that starts a module which the server does not start itself.
pub(super) fn start(language: Language) -> Option<&'static str> {
    (language == Language::Webhook).then_some("python3 endpoint.py    # in a terminal of its own")
}

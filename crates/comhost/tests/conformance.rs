//! A COM module sees what a module in the server sees, and decides the same: as a shared object, and from the same source as a
//! DLL under Wine.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;
use std::sync::Arc;

use module::{ExitModule, HResult, ModuleError, PolicyModule, Role};
use support::{Hosted, System, built};
use testkit::conformance::{self, Interpreters, Wording};

/// The interpreter, `tests/modules/interpreter`.
struct Interpreter(Hosted);

impl Interpreter {
    fn on(system: System) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules/interpreter");
        Self(Hosted::new(system, &built(&folder, "interpreter", system), &[]))
    }
}

impl Interpreters for Interpreter {
    fn exit(&self, _state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        Ok(Arc::new(self.0.exit()))
    }

    fn policy(&self, _state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        Ok(Arc::new(self.0.policy()))
    }

    /// A failed method is told with its name and the meaning of its code.
    fn wording(&self) -> Wording {
        |role, ModuleError { code, message }| {
            let method = match role {
                Role::Exit => "ICertExit::Notify",
                Role::Policy => "ICertPolicy::VerifyRequest",
            };
            let text = if message.is_empty() { message } else { format!("{message}; ") };
            ModuleError::new(code, format!("{method} failed: {text}{}", meaning(code)))
        }
    }
}

fn meaning(code: HResult) -> String {
    match code.describe() {
        Some((name, text)) => format!("{code} ({name}, {text})"),
        None => code.to_string(),
    }
}

#[test]
fn a_shared_object_sees_what_a_module_in_the_server_sees() {
    conformance::exit_module(&Interpreter::on(System::Linux));
}

#[test]
fn a_shared_object_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Interpreter::on(System::Linux));
}

#[test]
fn a_dll_sees_what_a_module_in_the_server_sees() {
    conformance::exit_module(&Interpreter::on(System::Windows));
}

#[test]
fn a_dll_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Interpreter::on(System::Windows));
}

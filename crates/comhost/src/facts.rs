//! What is known of the certification authority and the module, once `initialize` has told it.

use module::{HResult, ModuleError, PropertyType, Role, ServerExit};
use parking_lot::RwLock;

/// The property whose value is the host's own: the registry key of the module's settings.
pub const REGISTRY_LOCATION: &str = "ModuleRegistryLocation";

/// The tree that the classic service keeps its configuration in, below HKLM.
const CONFIGURATION: &str = r"SYSTEM\CurrentControlSet\Services\CertSvc\Configuration";

static FACTS: RwLock<Option<Facts>> = RwLock::new(None);

/// The authority and the module.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Common name of the authority, as modules are initialised with.
    pub ca: String,
    /// The common name with unsafe characters escaped.
    pub sanitized: String,
    /// The same, shortened.
    pub sanitized_short: String,
    /// DNS name of the server.
    pub machine: String,
    /// `ExitModules\<ProgID>` or `PolicyModules\<ProgID>`.
    module: String,
}

impl Facts {
    /// Reads them while `initialize` is under way, and keeps them for the life of the process.
    pub fn learn(ca: &str, server: &dyn ServerExit, role: Role, prog_id: &str) -> Result<Self, ModuleError> {
        let text = |name| server.certificate_property(name, PropertyType::String).and_then(module::Value::into_text);
        let branch = match role {
            Role::Exit => "ExitModules",
            Role::Policy => "PolicyModules",
        };
        let facts = Self {
            ca: ca.to_owned(),
            sanitized: text("SanitizedCAName")?,
            sanitized_short: text("SanitizedShortName").unwrap_or_else(|_| ca.to_owned()),
            machine: text("MachineDNSName").unwrap_or_else(|_| "localhost".to_owned()),
            module: format!(r"{branch}\{prog_id}"),
        };
        *FACTS.write() = Some(facts.clone());
        Ok(facts)
    }

    /// The registry key of the module's settings, below HKLM.
    pub fn registry_location(&self) -> String {
        format!(r"{CONFIGURATION}\{}\{}", self.sanitized, self.module)
    }

    /// The key where the host notes which settings it wrote, and the name of the value.
    pub fn mirror_location(&self) -> (String, &str) {
        (format!(r"{CONFIGURATION}\{}\Exeunt", self.sanitized), &self.module)
    }

    /// `MACHINE\CAName`, as management interfaces name an authority.
    pub fn config(&self) -> String {
        format!(r"{}\{}", self.machine, self.ca)
    }
}

/// What is known. `E_UNEXPECTED` before `initialize`.
pub fn known() -> Result<Facts, ModuleError> {
    FACTS.read().clone().ok_or_else(|| ModuleError::new(HResult::E_UNEXPECTED, "the module is not yet initialised"))
}

/// The registry key of the module's settings, below HKLM.
pub fn registry_location() -> Result<String, ModuleError> {
    known().map(|facts| facts.registry_location())
}

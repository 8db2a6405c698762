//! Module kinds that a test defines.

use std::collections::HashMap;
use std::sync::Arc;

use engine::store::InstalledModule;
use engine::{LoadedExit, LoadedPolicy, ModuleLoader};
use module::{ExitModule, ModuleError, PolicyModule, Role};
use parking_lot::Mutex;

type ExitFactory = Box<dyn Fn(&InstalledModule) -> Result<Arc<dyn ExitModule>, ModuleError> + Send + Sync>;
type PolicyFactory = Box<dyn Fn(&InstalledModule) -> Result<Arc<dyn PolicyModule>, ModuleError> + Send + Sync>;

/// Module kinds that a test defines.
#[derive(Default)]
pub struct TestLoader {
    exits: Mutex<HashMap<String, ExitFactory>>,
    policies: Mutex<HashMap<String, PolicyFactory>>,
}

impl TestLoader {
    /// Defines a kind of exit module: every installation of it is this one.
    pub fn exit(&self, kind: &str, module: Arc<dyn ExitModule>) {
        self.exits.lock().insert(kind.to_owned(), Box::new(move |_| Ok(Arc::clone(&module))));
    }

    /// Defines a kind of exit module by how it is made.
    pub fn exit_with(
        &self,
        kind: &str,
        make: impl Fn(&InstalledModule) -> Result<Arc<dyn ExitModule>, ModuleError> + Send + Sync + 'static,
    ) {
        self.exits.lock().insert(kind.to_owned(), Box::new(make));
    }

    /// Defines a kind of policy module by how it is made.
    pub fn policy_with(
        &self,
        kind: &str,
        make: impl Fn(&InstalledModule) -> Result<Arc<dyn PolicyModule>, ModuleError> + Send + Sync + 'static,
    ) {
        self.policies.lock().insert(kind.to_owned(), Box::new(make));
    }

    /// Defines a kind of policy module.
    pub fn policy(&self, kind: &str, module: Arc<dyn PolicyModule>) {
        self.policies.lock().insert(kind.to_owned(), Box::new(move |_| Ok(Arc::clone(&module))));
    }
}

impl ModuleLoader for TestLoader {
    fn exit(&self, module: &InstalledModule) -> Result<LoadedExit, ModuleError> {
        let kinds = self.exits.lock();
        let make = kinds.get(&module.kind).ok_or_else(|| ModuleError::invalid("no such kind"))?;
        Ok(LoadedExit {
            module: make(module)?,
            health: Box::new(|| serde_json::Value::Null),
            notice: Box::new(|| None),
        })
    }

    fn policy(&self, module: &InstalledModule) -> Result<LoadedPolicy, ModuleError> {
        let kinds = self.policies.lock();
        let make = kinds.get(&module.kind).ok_or_else(|| ModuleError::invalid("no such kind"))?;
        Ok(LoadedPolicy {
            module: make(module)?,
            health: Box::new(|| serde_json::Value::Null),
            notice: Box::new(|| None),
        })
    }

    fn check(&self, module: &InstalledModule) -> Result<(), ModuleError> {
        let kind = &module.kind;
        let known = match module.role {
            Role::Exit => self.exits.lock().contains_key(kind),
            Role::Policy => self.policies.lock().contains_key(kind),
        };
        if known { Ok(()) } else { Err(ModuleError::invalid(format!("there is no kind `{kind}`"))) }
    }
}

//! A specimen as the torture suite wants it: a policy module.

#[path = "../misbehave.rs"]
mod misbehave;

wit_bindgen::generate!({ path: "../../../../../../sdk/wit", world: "exeunt:modules/policy" });

use std::cell::RefCell;

use exeunt::modules::types::{Decision, Installation, ModuleError};
use exports::exeunt::modules::policy_module::Guest;

struct Module;

export!(Module);

thread_local! {
    static HOW: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Guest for Module {
    fn initialize(installation: Installation) -> Result<(), ModuleError> {
        let how = installation.settings.into_iter().next().map(|(_, value)| value).unwrap_or_default();
        assert!(how != "DiesInInitialize", "no licence");
        HOW.set(how);
        Ok(())
    }

    fn verify_request(_: bool) -> Result<Decision, ModuleError> {
        if misbehave::wanted() {
            misbehave::misbehave(&HOW.with_borrow(String::clone))?;
        }
        Ok(Decision::Issue)
    }

    fn description() -> String {
        "a specimen".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        Vec::new()
    }

    fn shut_down() {
        if HOW.with_borrow(|how| how == "IgnoresShutdown") {
            misbehave::never();
        }
    }
}

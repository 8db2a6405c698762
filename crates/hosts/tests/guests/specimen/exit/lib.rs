//! A specimen as the torture suite wants it: an exit module.

#[path = "../misbehave.rs"]
mod misbehave;

wit_bindgen::generate!({ path: "../../../../../../sdk/wit", world: "exeunt:modules/exit" });

use std::cell::RefCell;

use exeunt::modules::types::{ExitEvent, ExitEvents, Installation, ModuleError, Notification};
use exports::exeunt::modules::exit_module::Guest;

struct Module;

export!(Module);

thread_local! {
    static HOW: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Guest for Module {
    fn initialize(installation: Installation) -> Result<ExitEvents, ModuleError> {
        let how = installation.settings.into_iter().next().map(|(_, value)| value).unwrap_or_default();
        assert!(how != "DiesInInitialize", "no licence");
        let first = how != "ChangesItsMask" || std::fs::File::create_new("/data/started").is_ok();
        HOW.set(how);
        Ok(if first { ExitEvents::all() } else { ExitEvents::CRL_ISSUED })
    }

    fn notify(notification: Notification) -> Result<(), ModuleError> {
        let how = HOW.with_borrow(String::clone);
        if notification.event == ExitEvent::Shutdown {
            return if how == "IgnoresShutdown" { misbehave::never() } else { Ok(()) };
        }
        if misbehave::wanted() { misbehave::misbehave(&how) } else { Ok(()) }
    }

    fn description() -> String {
        "a specimen".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        Vec::new()
    }
}

//! @name@: an exit module. It writes a line into the server's log for each certificate that is issued or revoked.

use std::cell::RefCell;

wit_bindgen::generate!({ path: "wit", world: "exeunt:modules/exit" });

use exeunt::modules::server;
use exeunt::modules::types::{
    ExitEvent, ExitEvents, Installation, Level, ModuleError, Notification, PropertyType, Value,
};
use exports::exeunt::modules::exit_module::Guest;

struct Module;

export!(Module);

thread_local! {
    /// What an instance keeps between calls.
    static PREFIX: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Guest for Module {
    /// Settings come here, once for each instance. An error is shown to the operator.
    fn initialize(installation: Installation) -> Result<ExitEvents, ModuleError> {
        let given = installation.settings.into_iter().find(|(name, _)| name == "prefix");
        PREFIX.set(given.map_or_else(|| "certificate".to_owned(), |(_, value)| value));
        Ok(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED)
    }

    /// An event is done when this returns `Ok`, and comes again after an error. It can come twice, with the same number.
    fn notify(notification: Notification) -> Result<(), ModuleError> {
        let what = match notification.event {
            ExitEvent::CertIssued => "issued",
            ExitEvent::CertRevoked => "revoked",
            _ => return Ok(()),
        };
        let serial = match server::certificate_property("SerialNumber", PropertyType::String)? {
            Value::String(serial) => serial,
            _ => return Err(ModuleError { code: 0x8007_000d, message: "SerialNumber is no text".to_owned() }),
        };
        let prefix = PREFIX.with_borrow(String::clone);
        server::log(Level::Info, &line(&prefix, notification.id, what, &serial));
        Ok(())
    }

    fn description() -> String {
        "one line for each certificate".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        vec![("Product Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]
    }
}

fn line(prefix: &str, event: u64, what: &str, serial: &str) -> String {
    format!("{event} {prefix} {serial} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_which_certificate() {
        assert_eq!(line("certificate", 41, "issued", "1a2b"), "41 certificate 1a2b issued");
    }
}

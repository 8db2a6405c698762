//! An interpreter as the conformance suite wants it: an exit module.

#[path = "../commands.rs"]
mod commands;

wit_bindgen::generate!({ path: "../../../../../../sdk/wit", world: "exeunt:modules/exit" });

use commands::{code, read, shown};
use exeunt::modules::server;
use exeunt::modules::types::{ExitEvent, ExitEvents, Installation, ModuleError, Notification};
use exports::exeunt::modules::exit_module::Guest;

/// What is done where there are no attributes, as the suite has it.
const FIXED: &str = "event;request RequestID long;request Disposition long;certificate RawCertificate binary;\
                     certificate SerialNumber string;certificate CAType long;certificate CRLState long;\
                     certificate CRLState.0 long;certificate RawCRL binary;certificate RawCRL.0 binary;\
                     certificate RawDeltaCRL binary;attribute Do;attributes;extensions";

struct Module;

export!(Module);

impl Guest for Module {
    fn initialize(_: Installation) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::all())
    }

    fn notify(notification: Notification) -> Result<(), ModuleError> {
        let fixed = matches!(notification.event, ExitEvent::CrlIssued | ExitEvent::CertImported);
        let commands = match server::request_attribute("Do") {
            Ok(commands) => commands,
            Err(_) if fixed => FIXED.to_owned(),
            Err(_) => return Ok(()),
        };
        if let Some(rest) = commands.strip_prefix("fail ") {
            let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
            return Err(ModuleError { code: code(word)?, message: text.to_owned() });
        }
        let results: Vec<String> = commands
            .split(';')
            .map(|command| if command == "event" { event(&notification) } else { shown(read(command)) })
            .collect();
        Err(ModuleError { code: 0x8000_4004, message: results.join(" / ") })
    }

    fn description() -> String {
        "interpreter".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        Vec::new()
    }
}

fn event(notification: &Notification) -> String {
    let name = match notification.event {
        ExitEvent::CertIssued => "cert-issued",
        ExitEvent::CertPending => "cert-pending",
        ExitEvent::CertDenied => "cert-denied",
        ExitEvent::CertRevoked => "cert-revoked",
        ExitEvent::CertRetrievePending => "cert-retrieve-pending",
        ExitEvent::CrlIssued => "crl-issued",
        ExitEvent::Shutdown => "shutdown",
        ExitEvent::CertImported => "cert-imported",
    };
    let request = notification.request.map_or_else(|| "-".to_owned(), |request| request.to_string());
    format!("{name} {} {} {request}", notification.id, notification.attempt)
}

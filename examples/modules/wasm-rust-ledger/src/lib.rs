//! `ledger`: one line of JSON for every event, in a file for each month, below the directory granted as `/ledger`.
//!
//! A line holds the number of the event and the head of the server's chain of events, so that nobody can take an event out
//! of the log, or a line out of the ledger, unseen.

mod file;
mod text;

use std::cell::RefCell;

wit_bindgen::generate!({ path: "../../../sdk/wit", world: "exeunt:modules/exit" });

use exeunt::modules::server;
use exeunt::modules::types::{
    ExitEvent, ExitEvents, Installation, Level, ModuleError, Notification, PropertyType, Value,
};
use exports::exeunt::modules::exit_module::Guest;
use file::Ledger;
use text::Line;

/// Where the directory is granted.
const DIRECTORY: &str = "/ledger";

const E_FAIL: u32 = 0x8000_4005;
const E_INVALIDARG: u32 = 0x8007_0057;
const CERTSRV_E_PROPERTY_EMPTY: u32 = 0x8009_4004;

struct Module;

export!(Module);

/// What an instance keeps between calls.
struct State {
    ledger: Ledger,
    subjects: bool,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

impl Guest for Module {
    fn initialize(installation: Installation) -> Result<ExitEvents, ModuleError> {
        let mut subjects = true;
        for (name, value) in &installation.settings {
            match (name.as_str(), value.as_str()) {
                ("subjects", "true") => subjects = true,
                ("subjects", "false") => subjects = false,
                _ => return Err(error(E_INVALIDARG, format!("the setting `{name}` cannot be `{value}`"))),
            }
        }
        let ledger = Ledger::open(DIRECTORY).map_err(|io| {
            let text = format!("the ledger in {DIRECTORY} cannot be opened: {io}; grant it with dir.{DIRECTORY}=PATH");
            error(E_FAIL, text)
        })?;
        server::log(Level::Info, &format!("the last event in the ledger of {} is {}", installation.ca, ledger.last()));
        STATE.set(Some(State { ledger, subjects }));
        Ok(ExitEvents::all() - ExitEvents::SHUTDOWN - ExitEvents::CERT_RETRIEVE_PENDING)
    }

    fn notify(notification: Notification) -> Result<(), ModuleError> {
        STATE.with_borrow_mut(|state| {
            let state = state.as_mut().ok_or_else(|| error(E_FAIL, "not initialised".to_owned()))?;
            // What comes again is there already.
            if notification.event == ExitEvent::Shutdown || notification.id <= state.ledger.last() {
                return Ok(());
            }
            let line = line(&notification, state.subjects)?;
            let month = text::moment(&notification.occurred)[..7].to_owned();
            state.ledger.append(&month, notification.id, &line).map_err(|io| error(E_FAIL, format!("{month}: {io}")))
        })
    }

    fn description() -> String {
        let last = STATE.with_borrow(|state| state.as_ref().map(|state| state.ledger.last()));
        format!("ledger of events in {DIRECTORY}, up to event {}", last.unwrap_or_default())
    }

    fn about() -> Vec<(String, String)> {
        vec![
            ("Name".to_owned(), "ledger".to_owned()),
            ("Description".to_owned(), env!("CARGO_PKG_DESCRIPTION").to_owned()),
            ("File Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]
    }
}

/// What is written of one event. Properties that have no value are left out.
fn line(notification: &Notification, subjects: bool) -> Result<String, ModuleError> {
    let mut line = Line::new();
    line.number("event", notification.id);
    line.text("what", event_name(notification.event));
    line.text("occurred", &text::moment(&notification.occurred));
    if let Some(request) = notification.request {
        line.number("request", request);
        for (member, name) in [("disposition", "Disposition"), ("status", "StatusCode")] {
            if let Some(Value::Long(number)) = known(server::request_property(name, PropertyType::Long))? {
                line.number(member, number);
            }
        }
        let serial = server::certificate_property("SerialNumber", PropertyType::String);
        if let Some(Value::String(serial)) = known(serial)? {
            line.text("serial", &serial);
        }
        if let Some(Value::Date(end)) = known(server::certificate_property("NotAfter", PropertyType::Date))? {
            line.text("not_after", &text::moment(&end));
        }
        if subjects {
            let name = match known(server::certificate_property("DistinguishedName", PropertyType::String))? {
                None => known(server::request_property("DistinguishedName", PropertyType::String))?,
                name => name,
            };
            if let Some(Value::String(name)) = name {
                line.text("subject", &name);
            }
        }
    }
    line.text("chain", &text::hex(&notification.hash));
    Ok(line.finish())
}

fn known(result: Result<Value, ModuleError>) -> Result<Option<Value>, ModuleError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == CERTSRV_E_PROPERTY_EMPTY => Ok(None),
        Err(error) => Err(error),
    }
}

fn event_name(event: ExitEvent) -> &'static str {
    match event {
        ExitEvent::CertIssued => "cert-issued",
        ExitEvent::CertPending => "cert-pending",
        ExitEvent::CertDenied => "cert-denied",
        ExitEvent::CertRevoked => "cert-revoked",
        ExitEvent::CertRetrievePending => "cert-retrieve-pending",
        ExitEvent::CrlIssued => "crl-issued",
        ExitEvent::Shutdown => "shutdown",
        ExitEvent::CertImported => "cert-imported",
    }
}

fn error(code: u32, message: String) -> ModuleError {
    ModuleError { code, message }
}

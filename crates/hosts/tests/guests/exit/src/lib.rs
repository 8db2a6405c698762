//! An exit module that behaves as its settings say.
//!
//! `initialize`, `description` and `notify` each do what the setting of their name says before they answer; `notify` does
//! so for denied requests, tells what it sees for pending ones (as the text of a failure), and is content with all others.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};

wit_bindgen::generate!({ path: "../../../../../sdk/wit", world: "exeunt:modules/exit" });

use exeunt::modules::server;
use exeunt::modules::types::{
    ExitEvent, ExitEvents, Installation, Level, ModuleError, Moment, Notification, PropertyType, Value,
};
use exports::exeunt::modules::exit_module::Guest;

struct Module;

export!(Module);

thread_local! {
    static SETTINGS: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

impl Guest for Module {
    fn initialize(installation: Installation) -> Result<ExitEvents, ModuleError> {
        println!("this is {} for {}", installation.name, installation.ca);
        SETTINGS.set(installation.settings);
        behave("initialize")?;
        Ok(match setting("events").as_deref() {
            Some("issued") => ExitEvents::CERT_ISSUED,
            // Asks for more each time it is started: its directory remembers.
            Some("more") => match std::fs::File::create_new("/data/started") {
                Ok(_) => ExitEvents::CERT_ISSUED,
                Err(_) => ExitEvents::all(),
            },
            _ => ExitEvents::all(),
        })
    }

    fn notify(notification: Notification) -> Result<(), ModuleError> {
        CALLS.set(CALLS.get() + 1);
        match notification.event {
            ExitEvent::CertDenied => behave("notify"),
            ExitEvent::CertPending => Err(failure(observed(&notification))),
            ExitEvent::Shutdown => {
                server::log(Level::Info, "the end");
                match setting("told") {
                    Some(file) => std::fs::write(file, "shutdown").map_err(|error| failure(error.to_string())),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn description() -> String {
        match behave("description") {
            Ok(()) => "a guest".to_owned(),
            Err(error) => error.message,
        }
    }

    fn about() -> Vec<(String, String)> {
        vec![("Name".to_owned(), "guest".to_owned()), ("File Version".to_owned(), "1.2".to_owned())]
    }
}

fn setting(name: &str) -> Option<String> {
    SETTINGS.with_borrow(|settings| settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

fn failure(message: String) -> ModuleError {
    ModuleError { code: 0x8000_4005, message }
}

/// Everything a module can read, in words.
fn observed(notification: &Notification) -> String {
    let mut text = format!(
        "call {}, event {} {:?} of {}.{:09} for {:?}, attempt {}, hash {:02x?}..",
        CALLS.get(),
        notification.id,
        notification.event,
        notification.occurred.seconds,
        notification.occurred.nanoseconds,
        notification.request,
        notification.attempt,
        &notification.hash[..2],
    );
    for (what, result) in [
        ("request long", server::request_property("RequestID", PropertyType::Long)),
        ("request string", server::request_property("RequesterName", PropertyType::String)),
        ("date", server::certificate_property("NotAfter", PropertyType::Date)),
        ("binary", server::certificate_property("RawCertificate", PropertyType::Binary)),
        ("authority", server::certificate_property("CAType", PropertyType::Long)),
        ("empty", server::request_property("RevokedWhen", PropertyType::Date)),
        ("unknown", server::request_property("Nonsense", PropertyType::Long)),
        ("another type", server::request_property("RequestID", PropertyType::String)),
        ("typed extension", server::certificate_extension_value("1.2.3", PropertyType::Long)),
        ("not of the type", server::certificate_extension_value("2.5.29.17", PropertyType::Date)),
    ] {
        let seen = match result {
            Ok(Value::Long(number)) => format!("{number}"),
            Ok(Value::Date(Moment { seconds, nanoseconds })) => format!("{seconds}.{nanoseconds:09}"),
            Ok(Value::Binary(bytes)) => format!("{bytes:02x?}"),
            Ok(Value::String(text)) => text,
            Err(error) => format!("{:#x}", error.code),
        };
        text += &format!("; {what} {seen}");
    }
    let attribute = server::request_attribute("cert file").unwrap_or_else(|error| format!("{:#x}", error.code));
    let extension = server::certificate_extension("2.5.29.17").map(|one| (one.oid, one.flags, one.value));
    let missing = server::certificate_extension("9.9").map_err(|error| error.code).unwrap_err();
    text += &format!("; attribute {attribute}; extension {extension:02x?}; missing {missing:#x}");
    text += &format!("; extensions {:?}; attributes {:?}", server::extensions().ok(), server::attributes().ok());
    text
}

fn behave(call: &str) -> Result<(), ModuleError> {
    let Some(behaviour) = setting(call) else { return Ok(()) };
    match behaviour.as_str() {
        "refuse" => return Err(ModuleError { code: 0x8007_0005, message: "not today".to_owned() }),
        "claim-success" => return Err(ModuleError { code: 0, message: "an error that is none".to_owned() }),
        "panic" => panic!("on purpose"),
        "loop" => loop {
            std::hint::spin_loop();
        },
        "ask-for-ever" => loop {
            let _ = server::certificate_property("CAType", PropertyType::Long);
        },
        "log-for-ever" => loop {
            server::log(Level::Info, "and on");
        },
        "print-for-ever" => loop {
            println!("{}", "x".repeat(10_000));
        },
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "eat-memory" => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
            }
        }
        "try-memory" => {
            let mut bytes = Vec::<u8>::new();
            let refused = bytes.try_reserve(1 << 30).is_err();
            return Err(failure(format!("refused: {refused}")));
        }
        "recurse" => {
            println!("{}", recurse(0));
        }
        "exit" => std::process::exit(3),
        "huge-error" => return Err(failure("long ".repeat(200_000))),
        "huger-error" => return Err(failure("x".repeat(8 << 20))),
        "huge-name" => {
            let error = server::request_property(&"x".repeat(1 << 20), PropertyType::Long).unwrap_err();
            return Err(failure(format!("{:#x}", error.code)));
        }
        "huger-name" => {
            let _ = server::request_property(&"x".repeat(8 << 20), PropertyType::Long);
        }
        "read-authority" => {
            let kind = server::certificate_property("CAType", PropertyType::Long);
            let request = server::request_property("RequestID", PropertyType::Long).map_err(|error| error.code);
            let serial = server::certificate_property("SerialNumber", PropertyType::String).map_err(|error| error.code);
            return Err(failure(format!("{kind:?} {request:x?} {serial:x?}")));
        }
        "look-around" => return Err(failure(look_around())),
        "read" => return Err(failure(read(&setting("file").unwrap_or_default()))),
        "write" => {
            let written = std::fs::File::options()
                .create(true)
                .append(true)
                .open(setting("file").unwrap_or_default())
                .and_then(|mut file| writeln!(file, "here"));
            return Err(failure(format!("{:?}", written.map_err(|error| error.kind()))));
        }
        "connect" => {
            let mut answer = String::new();
            let result = std::net::TcpStream::connect(setting("address").unwrap_or_default())
                .and_then(|mut stream| stream.read_to_string(&mut answer));
            return Err(failure(format!("{:?} {answer}", result.map_err(|error| error.kind()))));
        }
        "listen" => {
            let result = std::net::TcpListener::bind("127.0.0.1:0").map(|_| ());
            return Err(failure(format!("{:?}", result.map_err(|error| error.kind()))));
        }
        "open-many" => {
            let mut files = Vec::new();
            let error = loop {
                match std::fs::File::open("/data/x") {
                    Ok(file) => files.push(file),
                    Err(error) => break error,
                }
            };
            return Err(failure(format!("{} files, then {:?}", files.len(), error.kind())));
        }
        other => return Err(failure(format!("no behaviour {other}"))),
    }
    Ok(())
}

fn read(file: &str) -> String {
    format!("{:?}", std::fs::read_to_string(file).map_err(|error| error.kind()))
}

/// What there is to see for a component that was granted nothing.
fn look_around() -> String {
    let variables: Vec<_> = std::env::vars().collect();
    let arguments: Vec<_> = std::env::args().collect();
    let root = std::fs::read_dir("/").map(|entries| entries.count()).map_err(|error| error.kind());
    let input = std::io::stdin().read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    let passwd = read("/etc/passwd");
    format!("variables {variables:?}, arguments {arguments:?}, root {root:?}, input {input:?}, passwd {passwd}")
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let array = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + array[(depth % 64) as usize] }
}

//! Our own interpreter: what the others are compared with.

use module::{
    CertificateExtension, Decision, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, ModuleError,
    Notification, PolicyModule, PropertyType, Role, ServerExit, ServerPolicy, Value,
};

use super::{Interpreters, Wording};

/// What those do that cannot call back: at `cert-imported`, and at `crl-issued`. They read what they are sent.
pub const FIXED_SENT: [&str; 2] = [
    "event;request RequestID long;request Disposition long;certificate RawCertificate binary;\
     certificate SerialNumber string;certificate CAType long;certificate CRLState long;attribute Do;attributes;extensions",
    "event;request RequestID long;certificate CAType long;certificate CRLState long;certificate CRLState.0 long;\
     certificate RawCRL binary;certificate RawDeltaCRL binary;attribute Do",
];

/// What is done at `crl-issued` and `cert-imported`, which carry no attributes.
pub const FIXED: &str = "event;request RequestID long;request Disposition long;certificate RawCertificate binary;\
                         certificate SerialNumber string;certificate CAType long;certificate CRLState long;\
                         certificate CRLState.0 long;certificate RawCRL binary;certificate RawCRL.0 binary;\
                         certificate RawDeltaCRL binary;attribute Do;attributes;extensions";

/// Does what the attributes `Do` and `Decide` say, as [`Interpreters`] lays down.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter {
    wording: Wording,
    /// Whether it sets at once, or with its decision.
    calls_back: bool,
}

impl Default for Interpreter {
    fn default() -> Self {
        Self { wording: |_, error| error, calls_back: true }
    }
}

impl Interpreter {
    /// One that does in the server what these do where they are.
    pub fn like(interpreters: &impl Interpreters) -> Self {
        Self { wording: interpreters.wording(), calls_back: interpreters.calls_back() }
    }
}

impl ExitModule for Interpreter {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::all())
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let commands = match server.request_attribute("Do") {
            Ok(commands) => commands,
            Err(_) => match (notification.event, FIXED_SENT) {
                (ExitEvent::CrlIssued | ExitEvent::CertImported, _) if self.calls_back => FIXED.to_owned(),
                (ExitEvent::CertImported, [imported, _]) => imported.to_owned(),
                (ExitEvent::CrlIssued, [_, published]) => published.to_owned(),
                _ => return Ok(()),
            },
        };
        if let Some(rest) = commands.strip_prefix("fail ") {
            let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
            return Err((self.wording)(Role::Exit, ModuleError::new(hresult(code)?, text)));
        }
        let results: Vec<String> = commands
            .split(';')
            .map(|command| match command {
                "event" => event(notification),
                command => read(command, server).unwrap_or_else(|error| failed(&error)),
            })
            .collect();
        Err((self.wording)(Role::Exit, ModuleError::new(HResult::E_ABORT, results.join(" / "))))
    }

    fn description(&self) -> String {
        "interpreter".to_owned()
    }
}

impl PolicyModule for Interpreter {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        let Ok(commands) = server.request_attribute("Decide") else { return Ok(Decision::Issue) };
        let (mut results, mut set): (Vec<String>, Vec<Amendment>) = (Vec::new(), Vec::new());
        for command in commands.split(';') {
            let message = || results.join(" / ");
            let decision = match command.split_once(' ').unwrap_or((command, "")) {
                ("issue", _) => Decision::Issue,
                ("pend", _) => Decision::Pend { message: message() },
                ("deny", code) => Decision::Deny { code: hresult(code)?, message: message() },
                ("fail", code) => {
                    return Err((self.wording)(Role::Policy, ModuleError::new(hresult(code)?, message())));
                }
                ("new", _) => {
                    results.push(new.to_string());
                    continue;
                }
                _ => {
                    let result = match Amendment::parse(command) {
                        Ok(None) => read(command, &*server),
                        Ok(Some(amendment)) if self.calls_back => amendment.make(server).map(|()| "ok".to_owned()),
                        Ok(Some(amendment)) => {
                            set.push(amendment);
                            Ok("ok".to_owned())
                        }
                        Err(error) => Err(error),
                    };
                    results.push(result.unwrap_or_else(|error| failed(&error)));
                    continue;
                }
            };
            set.into_iter().try_for_each(|amendment| amendment.make(server))?;
            return Ok(decision);
        }
        Err(ModuleError::invalid("the commands end without a decision"))
    }

    fn description(&self) -> String {
        "interpreter".to_owned()
    }
}

fn event(notification: &Notification) -> String {
    let request = notification.request.map_or_else(|| "-".to_owned(), |request| request.to_string());
    format!("{} {} {} {request}", notification.event, notification.id, notification.attempt)
}

fn read(command: &str, server: &dyn ServerExit) -> Result<String, ModuleError> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let typed = || -> Result<(&str, PropertyType), ModuleError> {
        let (name, kind) = rest.rsplit_once(' ').ok_or_else(|| ModuleError::invalid("a type is missing"))?;
        Ok((name, property_type(kind)?))
    };
    match verb {
        "request" => typed().and_then(|(name, kind)| server.request_property(name, kind)).map(text),
        "certificate" => typed().and_then(|(name, kind)| server.certificate_property(name, kind)).map(text),
        "attribute" => server.request_attribute(rest),
        "extension" => server
            .certificate_extension(rest)
            .map(|extension| format!("{} {}", extension.flags.bits(), hex(&extension.value))),
        "extensions" => server.extensions().map(|oids| oids.join(",")),
        "attributes" => server.attributes().map(|names| names.join(",")),
        _ => Err(ModuleError::invalid(format!("`{command}` is no command"))),
    }
}

/// What a policy module sets.
enum Amendment {
    Property(String, Option<Value>),
    Extension(CertificateExtension),
}

impl Amendment {
    /// None for a command that sets nothing.
    fn parse(command: &str) -> Result<Option<Self>, ModuleError> {
        let words: Vec<&str> = command.splitn(4, ' ').collect();
        Ok(Some(match words[..] {
            ["set", name, kind, value] => {
                let value = match property_type(kind)? {
                    PropertyType::Long => Value::Long(value.parse().map_err(|_| ModuleError::invalid("no number"))?),
                    PropertyType::Date => Value::Date(value.parse().map_err(|_| ModuleError::invalid("no date"))?),
                    PropertyType::String => Value::from(value),
                    PropertyType::Binary => Value::Binary(unhex(value)?),
                };
                Self::Property(name.to_owned(), Some(value))
            }
            ["unset", name] => Self::Property(name.to_owned(), None),
            ["add", oid, flags, value] => {
                let flags = flags.parse().map_err(|_| ModuleError::invalid("no flags"))?;
                let flags = ExtensionFlags::from_bits_retain(flags);
                Self::Extension(CertificateExtension { oid: oid.to_owned(), flags, value: unhex(value)? })
            }
            ["remove", oid] => {
                let (oid, flags, value) = (oid.to_owned(), ExtensionFlags::DELETE, Vec::new());
                Self::Extension(CertificateExtension { oid, flags, value })
            }
            _ => return Ok(None),
        }))
    }

    fn make(self, server: &mut dyn ServerPolicy) -> Result<(), ModuleError> {
        match self {
            Self::Property(name, value) => server.set_certificate_property(&name, value),
            Self::Extension(extension) => server.set_certificate_extension(extension),
        }
    }
}

fn failed(error: &ModuleError) -> String {
    format!("error {}", error.code)
}

fn text(value: Value) -> String {
    match value {
        Value::Long(number) => number.to_string(),
        Value::Date(moment) => moment.to_string(),
        Value::Binary(bytes) => hex(&bytes),
        Value::String(text) => text,
    }
}

fn property_type(word: &str) -> Result<PropertyType, ModuleError> {
    let all = [PropertyType::Long, PropertyType::Date, PropertyType::Binary, PropertyType::String];
    let found = all.into_iter().find(|kind| kind.name() == word);
    found.ok_or_else(|| ModuleError::invalid(format!("`{word}` is no type")))
}

fn hresult(text: &str) -> Result<HResult, ModuleError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bits = u32::from_str_radix(digits, 16).map_err(|_| ModuleError::invalid(format!("`{text}` is no code")))?;
    Ok(HResult(bits.cast_signed()))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Result<Vec<u8>, ModuleError> {
    let wrong = || ModuleError::invalid(format!("`{digits}` is not hexadecimal"));
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect::<Option<_>>().ok_or_else(wrong)
}

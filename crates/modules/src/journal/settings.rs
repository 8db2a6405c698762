//! The settings of the module `journal`.

use std::path::PathBuf;
use std::str::FromStr;

use module::property::{self, PROPERTIES, Property, Scope};
use module::{ExitEvents, ModuleError, Setting, Settings};

/// What is recorded of a request unless the operator says otherwise.
const REQUEST_FIELDS: &str = "Disposition, DispositionMessage, StatusCode, RequesterName, CallerName, SubmittedWhen, \
                              ResolvedWhen, DistinguishedName, RevokedWhen, RevokedEffectiveWhen, RevokedReason";

/// What is recorded of a certificate unless the operator says otherwise.
const CERTIFICATE_FIELDS: &str = "SerialNumber, CertificateTemplate, DistinguishedName, UPN, NotBefore, NotAfter, \
                                  SubjectKeyIdentifier, CertificateHash, RawCertificate";

pub(super) static SETTINGS: &[Setting] = &[
    Setting { name: "path", default: "", meaning: "absolute path of the file; its directory must exist" },
    Setting {
        name: "events",
        default: "all",
        meaning: "which events are recorded: names such as cert-issued, separated by commas or spaces, or a mask",
    },
    Setting {
        name: "request_fields",
        default: REQUEST_FIELDS,
        meaning: "request properties that are recorded, separated by commas; `none` for none",
    },
    Setting {
        name: "certificate_fields",
        default: CERTIFICATE_FIELDS,
        meaning: "certificate properties that are recorded, separated by commas; `none` for none",
    },
    Setting {
        name: "fsync",
        default: "event",
        meaning: "when records are made durable: `event` (each), `batch:N` (every N, 2 to 100,000), or `system`",
    },
    Setting {
        name: "rotate_bytes",
        default: "0",
        meaning: "a file that would grow above this is renamed to path.1 and a new one begun; 0 never, else 1,024 or more",
    },
    Setting {
        name: "rotate_count",
        default: "10",
        meaning: "renamed files that are kept, path.1 the newest, 1 to 10,000; older ones are deleted",
    },
];

/// When records are made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    /// Before each event is acknowledged.
    Event,
    /// With every so many events, and when the file is closed or rotated.
    Batch(u32),
    /// When the operating system finds the time.
    System,
}

#[derive(Clone, Debug)]
pub(super) struct JournalSettings {
    pub(super) path: PathBuf,
    pub(super) events: ExitEvents,
    pub(super) request_fields: Vec<&'static Property>,
    pub(super) certificate_fields: Vec<&'static Property>,
    pub(super) sync: Sync,
    /// 0: never rotated.
    pub(super) rotate_bytes: u64,
    pub(super) rotate_count: u32,
}

impl JournalSettings {
    pub(super) fn resolve(settings: &Settings) -> Result<Self, ModuleError> {
        settings.check_names(SETTINGS)?;
        let path = PathBuf::from(settings.required("path")?.trim());
        if !path.is_absolute() || path.file_name().is_none() {
            return Err(ModuleError::invalid("the setting `path` is not the absolute path of a file"));
        }
        let events = words(settings.value("events").unwrap_or("all")).collect::<Vec<_>>();
        let rotate_bytes = settings.parsed("rotate_bytes", 0)?;
        if (1..1024).contains(&rotate_bytes) {
            return Err(ModuleError::invalid("the setting `rotate_bytes` is 0, or 1,024 or more"));
        }
        let rotate_count = settings.parsed("rotate_count", 10)?;
        if !(1..=10_000).contains(&rotate_count) {
            return Err(ModuleError::invalid("the setting `rotate_count` is from 1 to 10,000"));
        }
        Ok(Self {
            path,
            events: ExitEvents::parse(&events)?,
            request_fields: fields(settings, "request_fields", REQUEST_FIELDS, |name| {
                property::request_property(name)
            })?,
            certificate_fields: fields(settings, "certificate_fields", CERTIFICATE_FIELDS, |name| {
                property::certificate_property(name)
                    .filter(|(property, index)| {
                        index.is_none() && matches!(property.scope, Scope::Certificate | Scope::Context)
                    })
                    .map(|(property, _)| property)
            })?,
            sync: settings.parsed("fsync", Sync::Event)?,
            rotate_bytes,
            rotate_count,
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty())
}

fn fields(
    settings: &Settings,
    setting: &str,
    default: &str,
    find: impl Fn(&str) -> Option<&'static Property>,
) -> Result<Vec<&'static Property>, ModuleError> {
    let text = settings.value(setting).unwrap_or(default);
    if text.trim() == "none" {
        return Ok(Vec::new());
    }
    let mut fields: Vec<&'static Property> = Vec::new();
    for name in words(text) {
        let property = find(name)
            .ok_or_else(|| ModuleError::invalid(format!("the setting `{setting}`: there is no property `{name}`")))?;
        if !fields.iter().any(|field| std::ptr::eq(*field, property)) {
            fields.push(property);
        }
    }
    debug_assert!(fields.len() <= PROPERTIES.len(), "each property once");
    Ok(fields)
}

impl FromStr for Sync {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "it is `event`, `batch:N` with N from 2 to 100,000, or `system`";
        match (text, text.strip_prefix("batch:")) {
            ("event", _) => Ok(Self::Event),
            ("system", _) => Ok(Self::System),
            (_, Some(count)) => {
                let count = count.parse().ok().filter(|count| (2..=100_000).contains(count));
                count.map(Self::Batch).ok_or(WANTED)
            }
            _ => Err(WANTED),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn resolve(pairs: &[(&str, &str)]) -> Result<JournalSettings, ModuleError> {
        JournalSettings::resolve(&pairs.iter().copied().collect())
    }

    #[test]
    fn a_path_is_enough() {
        let settings = resolve(&[("path", "/var/log/exeunt/events.jsonl")]).unwrap();
        assert_eq!((settings.events, settings.sync, settings.rotate_bytes), (ExitEvents::all(), Sync::Event, 0));
        assert!(settings.certificate_fields.iter().any(|field| field.name == "RawCertificate"));
    }

    #[test]
    fn fields_and_events_are_chosen() {
        let settings = resolve(&[
            ("path", "/j"),
            ("events", "cert-issued, EXITEVENT_CERTREVOKED"),
            ("request_fields", "none"),
            ("certificate_fields", "serialnumber,CN, Subject.CommonName"),
            ("fsync", "batch:64"),
        ])
        .unwrap();
        assert_eq!(settings.events, ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED);
        assert!(settings.request_fields.is_empty());
        let names: Vec<_> = settings.certificate_fields.iter().map(|field| field.name).collect();
        assert_eq!(names, ["SerialNumber", "CommonName"]);
        assert_eq!(settings.sync, Sync::Batch(64));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for pairs in [
            &[][..],
            &[("path", "events.jsonl")],
            &[("path", "/")],
            &[("path", "/j"), ("events", "issued")],
            &[("path", "/j"), ("request_fields", "SerialNumber")],
            &[("path", "/j"), ("certificate_fields", "RawCRL.0")],
            &[("path", "/j"), ("certificate_fields", "CAType")],
            &[("path", "/j"), ("fsync", "batch:1")],
            &[("path", "/j"), ("fsync", "never")],
            &[("path", "/j"), ("rotate_bytes", "100")],
            &[("path", "/j"), ("rotate_count", "0")],
        ] {
            assert!(resolve(pairs).is_err(), "{pairs:?}");
        }
    }
}

//! The exit module `file`: writes certificates, CRLs and CA certificates into a directory, as the classic default exit
//! module and the classic service do.

mod crls;
mod names;
mod settings;

use module::{
    ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, ModuleKind, Notification, PropertyType, ServerExit,
    Setting, Settings, Value,
};

use crate::durable::{self, Outcome};
use settings::{Certificates, FileSettings};

/// The attribute whose presence asks for a file.
const CERT_FILE: &str = "CertFile";

/// The kind `file`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileKind;

impl ModuleKind for FileKind {
    fn name(&self) -> &'static str {
        "file"
    }

    fn summary(&self) -> &'static str {
        "writes issued certificates, CRLs and CA certificates into a directory"
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    fn exit_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        let settings = FileSettings::resolve(settings)?;
        Ok(Box::new(FileModule { writer: names::component(name)?, settings }))
    }
}

/// The module. It keeps nothing between events.
#[derive(Debug)]
struct FileModule {
    /// Names this module's temporary files.
    writer: String,
    settings: FileSettings,
}

impl ExitModule for FileModule {
    fn initialize(&self, _ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        durable::check_writable(&self.settings.directory, &self.writer)?;
        if self.settings.ca_certificates {
            self.write_ca_certificates(server)?;
        }
        let mut events = ExitEvents::empty();
        if self.settings.certificates != Certificates::None {
            events |= ExitEvents::CERT_ISSUED;
        }
        if self.settings.crls || self.settings.ca_certificates {
            events |= ExitEvents::CRL_ISSUED;
        }
        Ok(events)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        match notification.event {
            ExitEvent::CertIssued => self.write_certificate(server),
            ExitEvent::CrlIssued => {
                // A renewed CA publishes CRLs: its new certificate is there by then.
                if self.settings.ca_certificates {
                    self.write_ca_certificates(server)?;
                }
                if self.settings.crls { self.write_crls(server) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn description(&self) -> String {
        format!("files in {}", self.settings.directory.display())
    }
}

impl FileModule {
    fn write_certificate(&self, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let wanted = match self.settings.certificates {
            Certificates::None => false,
            Certificates::All => true,
            // The value, a path of the requester's choice, is never looked at.
            Certificates::Attribute => present(server.request_attribute(CERT_FILE))?.is_some(),
        };
        if !wanted {
            return Ok(());
        }
        let id = server.request_property("RequestID", PropertyType::Long)?.into_long()?;
        let certificate = server.certificate_property("RawCertificate", PropertyType::Binary)?.into_binary()?;
        let path = self.settings.directory.join(format!("{id}.cer"));
        let bytes = self.settings.format.encode("CERTIFICATE", certificate)?;
        match durable::create_new(&path, &bytes, &self.writer)? {
            Outcome::Written => tracing::info!(request = id, "wrote {}", path.display()),
            Outcome::Present => tracing::debug!(request = id, "{} was there already", path.display()),
        }
        Ok(())
    }

    /// `<machine>_<CA name><suffix>.crt` for every CA certificate: what certificates name as the place of their issuer's.
    fn write_ca_certificates(&self, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let machine = server.certificate_property("MachineDNSName", PropertyType::String)?.into_text()?;
        let ca = server.certificate_property("SanitizedCAName", PropertyType::String)?.into_text()?;
        for index in 0..certificates(server)? {
            let name = format!("RawCACertificate.{index}");
            let Some(value) = present(server.certificate_property(&name, PropertyType::Binary))? else { continue };
            let suffix = suffix(server, &format!("CertSuffix.{index}"))?;
            let path = self.settings.directory.join(names::component(&format!("{machine}_{ca}{suffix}.crt"))?);
            let bytes = self.settings.format.encode("CERTIFICATE", value.into_binary()?)?;
            if std::fs::read(&path).is_ok_and(|present| present == bytes) {
                continue;
            }
            durable::replace(&path, &bytes, &self.writer)?;
            tracing::info!("wrote {}", path.display());
        }
        Ok(())
    }

    /// `<CA name><suffix>.crl`, and `…+.crl` for the delta, for every key whose CRL is published.
    fn write_crls(&self, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let ca = server.certificate_property("SanitizedCAName", PropertyType::String)?.into_text()?;
        let deltas = present(server.certificate_property("fDeltaCRLsDisabled", PropertyType::Long))?;
        let deltas = deltas.is_none_or(|disabled| disabled == Value::Long(0));
        for index in 0..certificates(server)? {
            let state = present(server.certificate_property(&format!("CRLState.{index}"), PropertyType::Long))?;
            if state != Some(Value::Long(crls::PUBLISHED)) {
                continue;
            }
            let suffix = suffix(server, &format!("CRLSuffix.{index}"))?;
            let base = server.certificate_property(&format!("RawCRL.{index}"), PropertyType::Binary)?.into_binary()?;
            self.write_crl(&format!("{ca}{suffix}.crl"), base)?;
            if !deltas {
                continue;
            }
            let delta = server.certificate_property(&format!("RawDeltaCRL.{index}"), PropertyType::Binary);
            if let Some(delta) = present(delta)? {
                self.write_crl(&format!("{ca}{suffix}+.crl"), delta.into_binary()?)?;
            }
        }
        Ok(())
    }

    fn write_crl(&self, name: &str, der: Vec<u8>) -> Result<(), ModuleError> {
        let path = self.settings.directory.join(names::component(name)?);
        if crls::is_older(&der, &path)? {
            tracing::info!("{} is newer than the CRL of this event and stays", path.display());
            return Ok(());
        }
        durable::replace(&path, &self.settings.format.encode("X509 CRL", der)?, &self.writer)?;
        tracing::info!("wrote {}", path.display());
        Ok(())
    }
}

/// How many CA certificates there are.
fn certificates(server: &dyn ServerExit) -> Result<i32, ModuleError> {
    server.certificate_property("CertCount", PropertyType::Long)?.into_long()
}

/// Empty for the first CA certificate or key, `(n)` for the others.
fn suffix(server: &dyn ServerExit, name: &str) -> Result<String, ModuleError> {
    match present(server.certificate_property(name, PropertyType::String))? {
        Some(value) => value.into_text(),
        None => Ok(String::new()),
    }
}

/// A value, or none where the contract says that there is none.
fn present<T>(result: Result<T, ModuleError>) -> Result<Option<T>, ModuleError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if [HResult::CERTSRV_E_PROPERTY_EMPTY, HResult::ERROR_FILE_NOT_FOUND].contains(&error.code) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

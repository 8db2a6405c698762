//! What each event asks for.

use std::path::Path;

use exeunt_module::{
    EventId, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PropertyType, ServerExit, Settings,
};

use crate::folder::Folder;

/// `CRLState`: the key has a CRL that is in force.
const CRL_VALID: i32 = 3;

/// Keeps certificates and CRLs in a folder.
pub struct Archive {
    certificates: Folder,
    revoked: Folder,
    crls: Option<Folder>,
}

impl Archive {
    /// From the settings `directory` (an absolute path of a folder that exists) and `crls` (`true` or `false`).
    pub fn new(settings: &Settings) -> Result<Self, ModuleError> {
        let directory = Path::new(settings.required("directory")?);
        if !directory.is_absolute() {
            return Err(ModuleError::invalid("the setting `directory` is not an absolute path"));
        }
        let crls = settings.parsed("crls", true)?;
        Ok(Self {
            certificates: Folder::new(directory.join("certificates")),
            revoked: Folder::new(directory.join("revoked")),
            crls: crls.then(|| Folder::new(directory.join("crls"))),
        })
    }

    fn keep_certificate(&self, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let certificate = server.certificate_property("RawCertificate", PropertyType::Binary)?.into_binary()?;
        let name = format!("{}.cer", serial_number(server)?);
        match self.certificates.read(&name)? {
            None => self.certificates.write(&name, &certificate),
            Some(known) if known == certificate => Ok(()),
            Some(_) => {
                let text = format!("{name} exists and is another certificate");
                Err(ModuleError::new(HResult::ERROR_FILE_EXISTS, text))
            }
        }
    }

    /// The state as the event left it decides, not the event: a release from hold is a revocation event too.
    fn keep_revocation(&self, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let name = serial_number(server)?;
        if server.request_property("Disposition", PropertyType::Long)?.into_long()?
            == exeunt_module::Disposition::Revoked.code()
        {
            let when = server.request_property("RevokedEffectiveWhen", PropertyType::Date)?.into_date()?;
            let reason = server.request_property("RevokedReason", PropertyType::Long)?.into_long()?;
            self.revoked.write(&name, format!("{when} reason {reason}\n").as_bytes())
        } else {
            self.revoked.remove(&name)
        }
    }

    /// The CRLs that stand now: an event that comes late finds newer ones under its name.
    fn keep_crls(&self, crls: &Folder, event: EventId, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let count = server.certificate_property("CertCount", PropertyType::Long)?.into_long()?;
        for index in 0..count {
            let state = server.certificate_property(&format!("CRLState.{index}"), PropertyType::Long)?.into_long()?;
            if state != CRL_VALID {
                continue;
            }
            for (property, suffix) in [("RawCRL", ""), ("RawDeltaCRL", "-delta")] {
                let crl = server.certificate_property(&format!("{property}.{index}"), PropertyType::Binary);
                match crl {
                    Ok(crl) => crls.write(&format!("{event:08}-{index}{suffix}.crl"), &crl.into_binary()?)?,
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

impl ExitModule for Archive {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        for folder in [&self.certificates, &self.revoked].into_iter().chain(&self.crls) {
            folder.prepare()?;
        }
        let events = ExitEvents::CERT_ISSUED | ExitEvents::CERT_IMPORTED | ExitEvents::CERT_REVOKED;
        Ok(if self.crls.is_some() { events | ExitEvents::CRL_ISSUED } else { events })
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        match (notification.event, &self.crls) {
            (ExitEvent::CertIssued, _) => self.keep_certificate(server),
            (ExitEvent::CertImported, _) => {
                self.keep_certificate(server)?;
                self.keep_revocation(server)
            }
            (ExitEvent::CertRevoked, _) => self.keep_revocation(server),
            (ExitEvent::CrlIssued, Some(crls)) => self.keep_crls(crls, notification.id, server),
            _ => Ok(()),
        }
    }

    fn description(&self) -> String {
        format!("archive in {}", self.certificates.parent().display())
    }

    fn about(&self) -> Vec<(String, String)> {
        vec![
            ("Name".to_owned(), "Archive".to_owned()),
            ("Description".to_owned(), "Every certificate and CRL, in a folder".to_owned()),
            ("Product Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]
    }
}

fn serial_number(server: &dyn ServerExit) -> Result<String, ModuleError> {
    server.certificate_property("SerialNumber", PropertyType::String)?.into_text()
}

fn is_absent(error: &ModuleError) -> bool {
    matches!(error.code, HResult::ERROR_FILE_NOT_FOUND | HResult::CERTSRV_E_PROPERTY_EMPTY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use exeunt_stdio::testing::Server;
    use tempfile::TempDir;

    use super::*;

    /// An archive in a folder of its own, as the server has initialised it.
    fn archive() -> (TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::new(&Settings::from([("directory", folder.path().to_str().unwrap())])).unwrap();
        Server::new().initialize(&archive).unwrap();
        (folder, archive)
    }

    #[test]
    fn a_certificate_is_kept_once_however_often_its_event_comes() {
        let (folder, archive) = archive();
        let server = Server::issued("www.example.org").certificate("RawCertificate", b"one".to_vec());
        server.notify(&archive, ExitEvent::CertIssued).unwrap();
        server.again().notify(&archive, ExitEvent::CertIssued).unwrap();
        assert_eq!(fs::read(folder.path().join("certificates/1a2b3c.cer")).unwrap(), b"one");

        let other = server.certificate("RawCertificate", b"other".to_vec());
        let error = other.notify(&archive, ExitEvent::CertIssued).unwrap_err();
        assert_eq!(error.code, HResult::ERROR_FILE_EXISTS);
    }

    #[test]
    fn a_release_from_hold_takes_the_revocation_back() {
        let (folder, archive) = archive();
        let server = Server::issued("www.example.org");
        let held = server
            .clone()
            .request("Disposition", exeunt_module::Disposition::Revoked.code())
            .request("RevokedEffectiveWhen", exeunt_module::Timestamp::UNIX_EPOCH)
            .request("RevokedReason", 6);
        let line = folder.path().join("revoked/1a2b3c");
        held.notify(&archive, ExitEvent::CertRevoked).unwrap();
        assert_eq!(fs::read_to_string(&line).unwrap(), "1970-01-01T00:00:00Z reason 6\n");
        server.event(42).notify(&archive, ExitEvent::CertRevoked).unwrap();
        assert!(!line.exists());
    }

    #[test]
    fn the_crls_that_are_there_are_kept() {
        let (folder, archive) = archive();
        let server = Server::new().authority("RawCRL.0", b"base".to_vec()).event(44);
        server.notify(&archive, ExitEvent::CrlIssued).unwrap();
        assert_eq!(fs::read(folder.path().join("crls/00000044-0.crl")).unwrap(), b"base");
        assert!(!folder.path().join("crls/00000044-0-delta.crl").exists());
    }

    #[test]
    fn a_server_that_cannot_be_read_fails_the_event() {
        let (_folder, archive) = archive();
        let server = Server::issued("www.example.org").failing("SerialNumber", HResult::E_UNEXPECTED);
        let error = server.notify(&archive, ExitEvent::CertIssued).unwrap_err();
        assert_eq!(error.code, HResult::E_UNEXPECTED);
    }
}

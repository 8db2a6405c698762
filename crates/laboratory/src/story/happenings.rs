//! What happens: every happening of each kind of event that a module should have met.

use std::sync::Arc;

use module::{Disposition, EventId, ExitEvent, HResult, RevocationReason};
use pki::{CrlEntry, Name};

use super::{Story, Subject};
use crate::Error;
use crate::authority::{Authority, hours, request};
use crate::row::Row;
use crate::scene::Happening;

impl Story {
    pub(super) fn issued(&mut self) -> Result<Vec<Happening>, Error> {
        let server = self.certificate()?;
        let subject = self.cast.person();
        let person = self.issue_to(&subject)?;
        let nameless = Subject { name: String::new(), ..self.cast.server() };
        let nameless = self.issue_to(&nameless)?;
        let approved = self.approved()?;
        Ok([("a server", server), ("a person", person), ("without a subject", nameless), ("after approval", approved)]
            .into_iter()
            .map(|(title, row)| self.tell(ExitEvent::CertIssued, &format!("issued to {title}"), Some(&row)))
            .collect())
    }

    pub(super) fn pending(&mut self) -> Result<Vec<Happening>, Error> {
        let plain = self.waiting("")?;
        let worded = self.waiting("a second look is needed")?;
        Ok([("under submission", plain), ("under submission, with a text", worded)]
            .into_iter()
            .map(|(title, row)| self.tell(ExitEvent::CertPending, title, Some(&row)))
            .collect())
    }

    pub(super) fn denied(&mut self) -> Result<Vec<Happening>, Error> {
        let ended = |mut row: Row, disposition, status, message: &str| {
            row.disposition = disposition;
            row.status = status;
            row.message = message.to_owned();
            row.resolved = Some(row.submitted);
            row
        };
        let code = HResult::CERTSRV_E_TEMPLATE_DENIED;
        let policy =
            ended(self.new_row()?, Disposition::Denied, code, "Denied by Policy Module: no profile for this requester");
        let code = HResult::CERTSRV_E_ADMIN_DENIED_REQUEST;
        let manager = ended(self.waiting("")?, Disposition::Denied, code, "Denied by unix:mallory");
        let text = "Error in Policy Module default: the directory cannot be reached";
        let failed = ended(self.new_row()?, Disposition::Failed, HResult::E_FAIL, text);
        let unreadable = self.unreadable_row();
        Ok([
            ("denied by policy", policy),
            ("denied by a manager", manager),
            ("failed", failed),
            ("failed, because it could not be read", unreadable),
        ]
        .into_iter()
        .map(|(title, row)| self.tell(ExitEvent::CertDenied, title, Some(&row)))
        .collect())
    }

    pub(super) fn revoked(&mut self) -> Result<Vec<Happening>, Error> {
        let mut all = Vec::new();
        for reason in RevocationReason::ALL {
            let row = self.certificate()?;
            let row = self.revoke(row, reason);
            all.push(self.tell(ExitEvent::CertRevoked, &format!("revoked, {reason}"), Some(&row)));
            if reason == RevocationReason::CertificateHold {
                let released = self.release(row);
                all.push(self.tell(ExitEvent::CertRevoked, "released from hold", Some(&released)));
            }
        }
        Ok(all)
    }

    pub(super) fn retrieved(&mut self) -> Result<Vec<Happening>, Error> {
        let row = self.approved()?;
        let issued = self.tell(ExitEvent::CertRetrievePending, "fetched", Some(&row));
        let row = self.revoke(row, RevocationReason::CessationOfOperation);
        let revoked = self.tell(ExitEvent::CertRetrievePending, "fetched after it was revoked", Some(&row));
        Ok(vec![issued, revoked])
    }

    pub(super) fn imported(&mut self) -> Result<Vec<Happening>, Error> {
        let mut own = self.certificate()?;
        own.raw = Vec::new();
        own.message = "Imported by unix:carol".into();
        let mut foreign = own.clone();
        foreign.id = self.next_request();
        foreign.disposition = Disposition::Foreign;
        let other = Authority::new(self.now())?;
        let subject = Name::parse("CN=Other CA's subject,O=Elsewhere")?;
        let (_, key) = request(&subject, &[])?;
        let validity = (hours(self.now(), -24)?, hours(self.now(), 24 * 30)?);
        let certificate = other.issue(&subject, &key, validity, vec![])?;
        foreign.certificate = Some(certificate.der().to_vec());
        foreign.subject = subject.components();
        foreign.extensions.clear();
        Ok([("imported, its own", own), ("imported, another authority's", foreign)]
            .into_iter()
            .map(|(title, row)| self.tell(ExitEvent::CertImported, title, Some(&row)))
            .collect())
    }

    pub(super) fn published(&mut self) -> Result<Vec<Happening>, Error> {
        let entries = self.entries(3)?;
        let base = self.authority.crl(self.last_crl + 1, None, &entries)?;
        let delta = self.authority.crl(self.last_crl + 2, Some(self.last_crl + 1), &entries)?;
        self.last_crl += 2;
        self.properties = Arc::new(self.authority.properties(Some(base.der()), Some(delta.der())));
        let both = self.tell(ExitEvent::CrlIssued, "base and delta CRL", None);
        let empty = self.authority.crl(self.last_crl + 1, None, &[])?;
        self.last_crl += 1;
        self.properties = Arc::new(self.authority.properties(Some(empty.der()), None));
        let lonely = self.tell(ExitEvent::CrlIssued, "base CRL, empty, and no delta", None);
        Ok(vec![both, lonely])
    }

    /// The stop of the server: not stored, and so without a number.
    pub(super) fn shutdown(&mut self) -> Happening {
        let mut happening = self.tell(ExitEvent::Shutdown, "the server stops", None);
        happening.notification.id = EventId(0);
        happening
    }

    /// Some revoked certificates, for a CRL.
    pub(super) fn entries(&mut self, count: u32) -> Result<Vec<CrlEntry>, Error> {
        (0..count)
            .map(|index| {
                let reason = u8::try_from(index % 6 + 1).ok();
                Ok(CrlEntry { serial: crate::key::serial()?, revoked_at: self.now(), reason, invalidity: None })
            })
            .collect()
    }
}

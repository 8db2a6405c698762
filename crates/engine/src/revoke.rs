//! Revocation, hold and release ([MS-CSRA] 3.1.4.1.8). No CRL is published by it.

use jiff::Timestamp;
use module::{Disposition, ExitEvent, HResult, RevocationReason};
use pki::Serial;
use serde_json::json;

use crate::audit::Act;
use crate::roles::{Authorised, right};
use crate::store::{Change, NewEvent};
use crate::{Engine, Error, Request, Revocation};

impl Engine {
    /// Revokes a certificate, puts it on hold, or changes the reason or date of a revocation.
    ///
    /// `effective` is the date CRLs show (default now; whole seconds); one that lies ahead keeps the certificate out of
    /// CRLs until then.
    pub fn revoke(
        &self,
        by: &Authorised<right::ManageCertificates>,
        serial: &Serial,
        reason: RevocationReason,
        effective: Option<Timestamp>,
    ) -> Result<Request, Error> {
        let request = self.issued_here(serial)?;
        let held =
            request.revocation.is_some_and(|revocation| revocation.reason == RevocationReason::CertificateHold.code());
        if request.disposition == Disposition::Revoked && !held && reason == RevocationReason::CertificateHold {
            return Err(transition(&request, "is revoked already and cannot be put on hold"));
        }
        self.change_revocation(request.changed(), Disposition::Revoked, reason.code(), effective, &by.caller().name)
    }

    /// Releases a certificate from hold: it is valid again, and the next delta CRL removes it.
    pub fn release(&self, by: &Authorised<right::ManageCertificates>, serial: &Serial) -> Result<Request, Error> {
        let request = self.issued_here(serial)?;
        let reason = request.revocation.map(|revocation| revocation.reason);
        if request.disposition != Disposition::Revoked || reason != Some(RevocationReason::CertificateHold.code()) {
            return Err(transition(&request, "is not on hold"));
        }
        self.change_revocation(
            request.changed(),
            Disposition::Issued,
            RevocationReason::RELEASED,
            None,
            &by.caller().name,
        )
    }

    /// Says whether a certificate, once revoked, stays in CRLs after it expired. Nothing else changes, and no exit
    /// event is raised.
    pub fn publish_expired(
        &self,
        by: &Authorised<right::ManageCertificates>,
        serial: &Serial,
        publish: bool,
    ) -> Result<Request, Error> {
        let mut request = self.issued_here(serial)?.changed();
        request.publish_expired = publish;
        let detail = json!({ "serial": serial.to_string(), "publish_expired": publish });
        let audit = Act::PublishExpiredSet.entry(&by.caller().name, self.site.now(), Some(request.id), detail);
        self.commit(Change { requests: vec![request.clone()], audit: Some(audit), ..Change::default() })?;
        Ok(request)
    }

    fn change_revocation(
        &self,
        mut request: Request,
        disposition: Disposition,
        reason: i32,
        effective: Option<Timestamp>,
        caller: &str,
    ) -> Result<Request, Error> {
        let now = self.site.now();
        let effective = effective.unwrap_or(now);
        let effective = Timestamp::from_second(effective.as_second()).unwrap_or(effective);
        request.disposition = disposition;
        request.revocation = Some(Revocation { when: now, effective, reason });
        let verb = if disposition == Disposition::Revoked { "Revoked" } else { "Released" };
        request.message = format!("{verb} by {caller}");
        let detail = json!({
            "serial": request.issued.as_ref().map(|issued| issued.serial.to_string()),
            "reason": reason,
            "effective": effective,
        });
        let event = NewEvent::of(ExitEvent::CertRevoked, &request, now);
        let audit = Act::Revoked.entry(caller, now, Some(request.id), detail);
        self.commit(Change {
            requests: vec![request.clone()],
            event: Some(event),
            audit: Some(audit),
            ..Change::default()
        })?;
        self.counters.count(Disposition::Revoked);
        Ok(request)
    }

    /// The request whose certificate this authority issued under this serial number.
    pub(crate) fn issued_here(&self, serial: &Serial) -> Result<Request, Error> {
        let found = self.site.store.request_by_serial(serial, true)?;
        let request = found.ok_or_else(|| Error::NotFound(format!("a certificate with serial number {serial}")))?;
        if !request.is_issued_or_revoked() {
            return Err(transition(&request, "was not issued"));
        }
        Ok(request)
    }
}

fn transition(request: &Request, what: &str) -> Error {
    Error::conflict(HResult::ERROR_INVALID_DATA, format!("the certificate of request {} {what}", request.id))
}

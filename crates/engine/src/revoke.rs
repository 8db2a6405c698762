//! Revocation, hold and release ([MS-CSRA] 3.1.4.1.8). No CRL is published by it.

use jiff::Timestamp;
use module::{Disposition, ExitEvent, HResult, RevocationReason};
use pki::Serial;
use serde_json::json;

use crate::audit::Act;
use crate::roles::{Authorised, right};
use crate::store::{Change, NewEvent};
use crate::{Engine, Error, Request, Revocation, StoreError};

/// What becomes of a certificate.
struct Wanted {
    /// Revoked; issued where it is released from hold.
    disposition: Disposition,
    /// CRLReason, or [`RevocationReason::RELEASED`].
    reason: i32,
    /// The date CRLs show; none: now.
    effective: Option<Timestamp>,
}

impl Engine {
    /// Revokes a certificate, puts it on hold, or changes the reason or date of a revocation.
    ///
    /// `effective` is the date CRLs show (default now; whole seconds); one that lies ahead keeps the certificate out of
    /// CRLs until then.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the certificate is revoked and was to be put on hold, and where somebody else revoked or released
    /// it at the same time, for another reason or date: people settle that. Revoked twice at once for the same reason, it is
    /// revoked.
    pub fn revoke(
        &self,
        by: &Authorised<right::ManageCertificates>,
        serial: &Serial,
        reason: RevocationReason,
        effective: Option<Timestamp>,
    ) -> Result<Request, Error> {
        let effective = effective.map(|date| Timestamp::from_second(date.as_second()).unwrap_or(date));
        let wanted = Wanted { disposition: Disposition::Revoked, reason: reason.code(), effective };
        self.change_revocation(&by.caller().name, serial, &wanted, |request| {
            if request.disposition == Disposition::Revoked
                && !is_on_hold(request)
                && reason == RevocationReason::CertificateHold
            {
                return Err(transition(request, "is revoked already and cannot be put on hold"));
            }
            Ok(())
        })
    }

    /// Releases a certificate from hold: it is valid again, and the next delta CRL removes it.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it is not on hold, and where somebody else revoked it at the same time.
    pub fn release(&self, by: &Authorised<right::ManageCertificates>, serial: &Serial) -> Result<Request, Error> {
        let wanted = Wanted { disposition: Disposition::Issued, reason: RevocationReason::RELEASED, effective: None };
        self.change_revocation(&by.caller().name, serial, &wanted, |request| {
            if is_on_hold(request) { Ok(()) } else { Err(transition(request, "is not on hold")) }
        })
    }

    /// Says whether a certificate, once revoked, stays in CRLs after it expired. Nothing else changes, and no exit
    /// event is raised.
    pub fn publish_expired(
        &self,
        by: &Authorised<right::ManageCertificates>,
        serial: &Serial,
        publish: bool,
    ) -> Result<Request, Error> {
        self.read_judge_commit(|| {
            let mut request = self.issued_here(serial)?.changed();
            request.publish_expired = publish;
            let detail = json!({ "serial": serial.to_string(), "publish_expired": publish });
            let audit = Act::PublishExpiredSet.entry(&by.caller().name, self.site.now(), Some(request.id), detail);
            let change = Change { requests: vec![request.clone()], audit: Some(audit), ..Change::default() };
            Ok((Some(change), request))
        })
    }

    /// Revokes or releases a certificate, where `allow` has no objection to how it stands.
    fn change_revocation(
        &self,
        caller: &str,
        serial: &Serial,
        wanted: &Wanted,
        allow: impl Fn(&Request) -> Result<(), Error>,
    ) -> Result<Request, Error> {
        let (mut as_found, mut done_already) = (None, false);
        let request = self.read_judge_commit(|| {
            let request = self.issued_here(serial)?;
            if *as_found.get_or_insert(request.revocation) != request.revocation {
                // Another revocation or release came in between: the caller did not know of it.
                done_already = wanted.is_met_by(&request);
                let overtaken = || StoreError::Conflict(format!("request {}", request.id)).into();
                return if done_already { Ok((None, request)) } else { Err(overtaken()) };
            }
            allow(&request)?;
            let (change, request) = wanted.carry_out(request.changed(), caller, self.site.now());
            Ok((Some(change), request))
        })?;
        if !done_already {
            self.counters.count(Disposition::Revoked);
        }
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

impl Wanted {
    fn is_met_by(&self, request: &Request) -> bool {
        let same = |revocation: Revocation| {
            revocation.reason == self.reason && self.effective.is_none_or(|date| revocation.effective == date)
        };
        request.disposition == self.disposition && request.revocation.is_some_and(same)
    }

    /// The next version of a request as wanted, and all that is written with it.
    fn carry_out(&self, mut request: Request, caller: &str, now: Timestamp) -> (Change, Request) {
        let whole_second = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let effective = self.effective.unwrap_or(whole_second);
        request.disposition = self.disposition;
        request.revocation = Some(Revocation { when: now, effective, reason: self.reason });
        let verb = if self.disposition == Disposition::Revoked { "Revoked" } else { "Released" };
        request.message = format!("{verb} by {caller}");
        let detail = json!({
            "serial": request.issued.as_ref().map(|issued| issued.serial.to_string()),
            "reason": self.reason,
            "effective": effective,
        });
        let event = NewEvent::of(ExitEvent::CertRevoked, &request, now);
        let audit = Act::Revoked.entry(caller, now, Some(request.id), detail);
        let requests = vec![request.clone()];
        (Change { requests, event: Some(event), audit: Some(audit), ..Change::default() }, request)
    }
}

fn is_on_hold(request: &Request) -> bool {
    let reason = request.revocation.map(|revocation| revocation.reason);
    request.disposition == Disposition::Revoked && reason == Some(RevocationReason::CertificateHold.code())
}

fn transition(request: &Request, what: &str) -> Error {
    Error::conflict(HResult::ERROR_INVALID_DATA, format!("the certificate of request {} {what}", request.id))
}

//! The path of a request: the only way to a signature.
//!
//! Every front end hands in a [`Submission`] with proof of the caller's right. It is recorded whatever becomes of it:
//! denied, pending and failed requests are outcomes, not errors. Nothing leaves before it is durable.

use jiff::Timestamp;
use module::{Disposition, ExitEvent, HResult, RequestId};

use crate::accept;
use crate::audit::{self, Act};
use crate::roles::{Authorised, Role, right};
use crate::store::{Change, NewEvent};
use crate::{Engine, Error, Request, issue};

/// What a front end hands in.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The request: PKCS#10 in PEM, DER or bare base64.
    pub request: Vec<u8>,
    /// Request attributes, `Name:Value` a line; lines without a colon are ignored.
    pub attributes: String,
    /// The profile asked for. Stands above the attribute `CertificateTemplate` and the request's own extension.
    pub profile: Option<String>,
    /// Whom the certificate is for, where that is not the caller; takes the right to manage certificates.
    pub requester: Option<String>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its number.
    pub request: RequestId,
    /// Where it stands.
    pub disposition: Disposition,
    /// 0, or why it was denied or failed.
    pub status: HResult,
    /// Where it stands, in words.
    pub message: String,
    /// The certificate, DER.
    pub certificate: Option<Vec<u8>>,
}

impl Engine {
    /// Takes a request, decides, and records what was decided.
    ///
    /// # Errors
    /// Only what leaves no record: a request that is too large, a caller who may not act for the requester; and
    /// [`Error::Unavailable`] when the database, the signing key or a policy module cannot be reached: nothing was issued,
    /// the same request may succeed later.
    pub fn submit(&self, by: &Authorised<right::Enrol>, submission: Submission) -> Result<Outcome, Error> {
        accept::check_entry(&self.site, by, &submission)?;
        let mut request = accept::record(&self.site, by, &submission)?;
        let request = match accept::read(&self.site, &mut request, submission.request) {
            Ok(()) => self.decide(request, None)?,
            Err(failure) => failure.into_request(request, self.site.now())?,
        };
        self.commit_decision(request, by.caller().name.clone(), None)
    }

    /// Decides a pending or denied request again: the classic *resubmit*. Takes the right to manage certificates, and
    /// for a denied request to administer too.
    ///
    /// # Errors
    /// The request stays as it was. [`Error::Conflict`] where it is in no state for this, and where somebody else changed it
    /// meanwhile: what was approved, and what policy was asked about, is another request then. [`Error::Unavailable`] as for
    /// [`submit`](Self::submit).
    pub fn approve(&self, by: &Authorised<right::ManageCertificates>, id: RequestId) -> Result<Outcome, Error> {
        let request = self.site.request(id)?;
        check_undecided(&request, by)?;
        let caller = by.caller().name.clone();
        let mut request = request.changed();
        accept::renew(&self.site, &mut request)?;
        let decided = self.decide(request, Some(&caller))?;
        self.commit_decision(decided, caller, Some(Act::Resubmitted))
    }

    /// Asks the policy modules, and does what they say. `resubmitted_by` is set where a person asks again.
    fn decide(&self, request: Request, resubmitted_by: Option<&str>) -> Result<Request, Error> {
        let (mut request, decision) = self.policies.verify(&self.site, request, resubmitted_by.is_none());
        let now = self.site.now();
        match decision.and_then(|decision| issue::carry_out(&self.site, &mut request, decision)) {
            Ok(()) => {
                request.resolved = (request.disposition != Disposition::Pending).then_some(now);
                if let (Disposition::Issued, Some(person)) = (request.disposition, resubmitted_by) {
                    request.message = format!("Resubmitted by {person}");
                } else if request.disposition == Disposition::Issued && request.version == 1 {
                    // By this `retrieve` tells that nobody had to wait.
                    request.resolved = Some(request.submitted);
                }
                Ok(request)
            }
            Err(failure) => failure.into_request(request, now),
        }
    }

    /// Makes a decision durable, with its event and its audit entry, and then lets it out.
    fn commit_decision(&self, request: Request, caller: String, act: Option<Act>) -> Result<Outcome, Error> {
        let now = self.site.now();
        let event = event_of(&request, now);
        let audit = audit::decision(&request, act, caller, now);
        let outcome = Outcome::of(&request);
        let change = Change { requests: vec![request], event: Some(event), audit: Some(audit), ..Change::default() };
        self.commit(change)?;
        self.counters.count(outcome.disposition);
        Ok(outcome)
    }

    /// Commits a change, tells the dispatchers of its event, and waits for the modules that are delivered to inline.
    pub(crate) fn commit(&self, change: Change) -> Result<crate::store::Committed, Error> {
        // A commit that is said to have failed may have been made: whoever waits for events looks.
        let committed = self.site.store.commit(change).inspect_err(|_| self.exits.wake())?;
        if let Some(event) = &committed.event {
            self.exits.announce(event);
        }
        Ok(committed)
    }
}

/// Whether this caller may have the request decided again.
fn check_undecided(request: &Request, by: &Authorised<right::ManageCertificates>) -> Result<(), Error> {
    let hint = match request.disposition {
        Disposition::Pending => return Ok(()),
        Disposition::Denied if by.holds(Role::Administrator) => return Ok(()),
        Disposition::Denied => ": resubmitting it takes an administrator too",
        _ => "",
    };
    let text = format!("request {} is {}{hint}", request.id, request.disposition);
    Err(Error::conflict(HResult::CERTSRV_E_BAD_REQUESTSTATUS, text))
}

/// The event that a decision is.
fn event_of(request: &Request, now: Timestamp) -> NewEvent {
    let kind = match request.disposition {
        Disposition::Issued => ExitEvent::CertIssued,
        Disposition::Pending => ExitEvent::CertPending,
        _ => ExitEvent::CertDenied,
    };
    NewEvent::of(kind, request, now)
}

impl NewEvent {
    /// An event about a request as it is in this change.
    pub(crate) fn of(kind: ExitEvent, request: &Request, now: Timestamp) -> Self {
        let digest = request.digest();
        Self { kind, occurred: now, request: Some((request.id, request.version)), crl_number: None, digest }
    }
}

impl Outcome {
    /// What a stored request says of itself.
    pub fn of(request: &Request) -> Self {
        Self {
            request: request.id,
            disposition: request.disposition,
            status: request.status,
            message: request.message.clone(),
            certificate: request.body.certificate.clone(),
        }
    }
}

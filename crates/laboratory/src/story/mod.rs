//! What happens in the laboratory: every event of the contract, on realistic rows, with real certificates and CRLs.
//!
//! Numbers of events and requests ascend over the whole life of a story, so that no check repeats another's event unless
//! it means to.

mod odd;
mod people;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use module::moment::{Period, Unit};
use module::{
    CertificateExtension, Disposition, EventId, ExitEvent, ExtensionFlags, HResult, Notification, RequestId,
    RevocationReason,
};
use pki::{CrlEntry, Extension, GeneralName, KeyUsage, Name, extension, oid};

use crate::authority::{Authority, hours, request};
use crate::row::{REQUEST_TYPE_PKCS10, Row};
use crate::scene::{Happening, Properties, Scene};
use crate::{Error, authority::CA_NAME};
pub(crate) use odd::ALWAYS;
use people::Cast;
pub(crate) use people::Subject;

/// The name of the profile that the laboratory's requests ask for.
pub const PROFILE: &str = "web-server";

/// Requests and events of one run.
#[derive(Debug)]
pub struct Story {
    authority: Authority,
    cast: Cast,
    /// The last event's number and hash.
    head: (u64, [u8; 32]),
    last_request: i64,
    last_crl: u64,
    /// The authority's properties with its newest CRLs.
    properties: Arc<Properties>,
}

impl Story {
    /// A story that happens now. The same seed gives the same names and numbers; keys are always new.
    ///
    /// # Errors
    /// [`Error::Machine`] without randomness.
    pub fn new(seed: u64, now: Timestamp) -> Result<Self, Error> {
        let authority = Authority::new(now)?;
        let base = authority.crl(1, None, &[])?;
        let properties = Arc::new(authority.properties(Some(base.der()), None));
        // Far apart for neighbouring seeds, and within 32 bits: a module that keeps a list across runs sees new numbers.
        let start = seed % 1_000_000 * 1_000;
        Ok(Self {
            authority,
            cast: Cast::new(seed),
            head: (start, pki::sha256(&seed.to_be_bytes())),
            last_request: i64::try_from(start).unwrap_or_default(),
            last_crl: 1,
            properties,
        })
    }

    /// The authority.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The scene of `initialize`: the authority alone.
    pub fn alone(&self) -> Arc<Scene> {
        Arc::new(Scene { contents: None, authority: Arc::clone(&self.properties) })
    }

    /// Every happening of one kind of event that a module should have met.
    ///
    /// # Errors
    /// [`Error::Machine`] where a certificate cannot be made.
    pub fn of(&mut self, event: ExitEvent) -> Result<Vec<Happening>, Error> {
        match event {
            ExitEvent::CertIssued => self.issued(),
            ExitEvent::CertPending => self.pending(),
            ExitEvent::CertDenied => self.denied(),
            ExitEvent::CertRevoked => self.revoked(),
            ExitEvent::CertRetrievePending => self.retrieved(),
            ExitEvent::CrlIssued => self.published(),
            ExitEvent::Shutdown => Ok(vec![self.shutdown()]),
            ExitEvent::CertImported => self.imported(),
        }
    }

    /// One ordinary happening of a kind of event.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub fn one(&mut self, event: ExitEvent) -> Result<Happening, Error> {
        let row = match event {
            ExitEvent::CertIssued => self.certificate()?,
            ExitEvent::CertPending => self.waiting("")?,
            ExitEvent::CertRevoked => {
                let row = self.certificate()?;
                self.revoke(row, RevocationReason::Superseded)
            }
            ExitEvent::CertRetrievePending => self.approved()?,
            ExitEvent::CertDenied | ExitEvent::CertImported | ExitEvent::CrlIssued | ExitEvent::Shutdown => {
                let first = self.of(event)?.into_iter().next();
                return first.ok_or_else(|| Error::Machine(format!("the laboratory knows no `{event}`")));
            }
        };
        Ok(self.tell(event, event.name(), Some(&row)))
    }

    fn issued(&mut self) -> Result<Vec<Happening>, Error> {
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

    fn pending(&mut self) -> Result<Vec<Happening>, Error> {
        let plain = self.waiting("")?;
        let worded = self.waiting("a second look is needed")?;
        Ok([("under submission", plain), ("under submission, with a text", worded)]
            .into_iter()
            .map(|(title, row)| self.tell(ExitEvent::CertPending, title, Some(&row)))
            .collect())
    }

    fn denied(&mut self) -> Result<Vec<Happening>, Error> {
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

    fn revoked(&mut self) -> Result<Vec<Happening>, Error> {
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

    fn retrieved(&mut self) -> Result<Vec<Happening>, Error> {
        let row = self.approved()?;
        let issued = self.tell(ExitEvent::CertRetrievePending, "fetched", Some(&row));
        let row = self.revoke(row, RevocationReason::CessationOfOperation);
        let revoked = self.tell(ExitEvent::CertRetrievePending, "fetched after it was revoked", Some(&row));
        Ok(vec![issued, revoked])
    }

    fn imported(&mut self) -> Result<Vec<Happening>, Error> {
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

    fn published(&mut self) -> Result<Vec<Happening>, Error> {
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
    fn shutdown(&mut self) -> Happening {
        let mut happening = self.tell(ExitEvent::Shutdown, "the server stops", None);
        happening.notification.id = EventId(0);
        happening
    }

    /// Some revoked certificates, for a CRL.
    fn entries(&mut self, count: u32) -> Result<Vec<CrlEntry>, Error> {
        (0..count)
            .map(|index| {
                let reason = u8::try_from(index % 6 + 1).ok();
                Ok(CrlEntry { serial: crate::key::serial()?, revoked_at: self.now(), reason, invalidity: None })
            })
            .collect()
    }

    /// A request of a server that has just come in.
    pub(crate) fn new_row(&mut self) -> Result<Row, Error> {
        let subject = self.cast.server();
        self.row_of(&subject)
    }

    /// A request that has just come in.
    pub(crate) fn row_of(&mut self, subject: &Subject) -> Result<Row, Error> {
        let name = Name::parse(&subject.name)?;
        let mut asked = subject.extensions.clone();
        if !subject.names.is_empty() {
            asked.push(extension::subject_alt_name(&subject.names)?);
        }
        let (raw, key) = request(&name, &asked)?;
        let disabled = ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE;
        let mut extensions: Vec<CertificateExtension> = asked.iter().map(|one| stored(one, disabled)).collect();
        let own = self.authority.own_extensions(&key)?;
        extensions.extend(own.iter().map(|one| stored(one, ExtensionFlags::ORIGIN_SERVER)));
        let now = self.now();
        let text: Vec<String> = subject.attributes.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        Ok(Row {
            id: self.next_request(),
            disposition: Disposition::Active,
            status: HResult::S_OK,
            message: String::new(),
            submitted: now,
            resolved: None,
            requester: subject.requester.clone(),
            caller: subject.requester.clone(),
            officer: false,
            request_type: REQUEST_TYPE_PKCS10,
            flags: 0,
            profile: Some(PROFILE.to_owned()),
            validity: Some(Period::new(90, Unit::Days)),
            raw,
            attribute_text: text.join("\n"),
            attributes: subject.attributes.clone(),
            extensions,
            subject: name.components(),
            not_before: Some(hours(now, -1)?),
            not_after: Some(hours(now, 24 * 90)?),
            properties: subject.properties.clone(),
            certificate: None,
            issuer_name_id: 0,
            revocation: None,
            publish_expired: false,
        })
    }

    /// A row whose certificate was issued: policy has set usages and enabled the names.
    pub(crate) fn issue(&self, mut row: Row) -> Result<Row, Error> {
        let san = oid::SUBJECT_ALT_NAME.to_string();
        let from_policy = |flags: ExtensionFlags| flags.with_origin(ExtensionFlags::ORIGIN_POLICY);
        for extension in row.extensions.iter_mut().filter(|extension| extension.oid == san) {
            // RFC 5280 4.2.1.6: critical where it is all there is of the subject.
            let critical = if row.subject.is_empty() { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
            extension.flags = from_policy(critical);
        }
        for usage in
            [extension::key_usage(KeyUsage::DIGITAL_SIGNATURE), extension::extended_key_usage(&[oid::SERVER_AUTH])]
        {
            row.extensions.push(stored(&usage, ExtensionFlags::ORIGIN_POLICY));
        }
        let parsed = pki::CertificationRequest::from_der(&row.raw)?;
        let enabled = row.extensions.iter().filter(|extension| extension.flags.is_enabled());
        let extensions = enabled.map(to_encode).collect::<Result<Vec<_>, _>>()?;
        let validity = (row.not_before.unwrap_or(row.submitted), row.not_after.unwrap_or(row.submitted));
        let certificate = self.authority.issue(parsed.subject(), parsed.public_key(), validity, extensions)?;
        row.certificate = Some(certificate.der().to_vec());
        row.disposition = Disposition::Issued;
        row.message = "Issued".into();
        row.resolved = row.resolved.or(Some(row.submitted));
        Ok(row)
    }

    fn issue_to(&mut self, subject: &Subject) -> Result<Row, Error> {
        let row = self.row_of(subject)?;
        self.issue(row)
    }

    /// A server's certificate.
    pub(crate) fn certificate(&mut self) -> Result<Row, Error> {
        let row = self.new_row()?;
        self.issue(row)
    }

    /// A request under submission.
    pub(crate) fn waiting(&mut self, text: &str) -> Result<Row, Error> {
        let mut row = self.new_row()?;
        row.disposition = Disposition::Pending;
        let colon = if text.is_empty() { "" } else { ": " };
        row.message = format!("Taken Under Submission{colon}{text}");
        Ok(row)
    }

    /// Issued two hours after it came in, when a manager approved it.
    fn approved(&mut self) -> Result<Row, Error> {
        let mut row = self.waiting("")?;
        row.submitted = hours(row.submitted, -2)?;
        row.resolved = Some(self.now());
        self.issue(row)
    }

    fn revoke(&self, mut row: Row, reason: RevocationReason) -> Row {
        row.disposition = Disposition::Revoked;
        row.message = "Revoked by unix:carol".into();
        row.revocation = Some((self.now(), self.now(), reason.code()));
        row
    }

    fn release(&self, mut row: Row) -> Row {
        row.disposition = Disposition::Issued;
        row.message = "Unrevoked by unix:carol".into();
        row.revocation = Some((self.now(), self.now(), RevocationReason::RELEASED));
        row
    }

    /// The next event, about this row or about none.
    pub(crate) fn tell(&mut self, event: ExitEvent, title: &str, row: Option<&Row>) -> Happening {
        let (number, before) = self.head;
        let (number, hash) = (number + 1, pki::sha256(&[&before[..], &(number + 1).to_be_bytes()].concat()));
        if event != ExitEvent::Shutdown {
            self.head = (number, hash);
        }
        let notification = Notification {
            id: EventId(number),
            event,
            occurred: self.now(),
            request: row.map(|row| row.id),
            attempt: 1,
            hash,
        };
        let scene = Scene { contents: row.map(Row::contents), authority: Arc::clone(&self.properties) };
        Happening { title: title.to_owned(), notification, scene: Arc::new(scene) }
    }

    /// A server that asks for a certificate.
    pub(crate) fn server(&mut self) -> Subject {
        self.cast.server()
    }

    /// A person who asks for one.
    pub(crate) fn person(&mut self) -> Subject {
        self.cast.person()
    }

    /// The scene of a policy module that is asked about this row.
    pub(crate) fn ask(&self, row: &Row) -> Scene {
        Scene { contents: Some(row.contents()), authority: Arc::clone(&self.properties) }
    }

    fn now(&self) -> Timestamp {
        self.authority.now()
    }

    fn next_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }
}

/// An extension as a row keeps it.
fn stored(extension: &Extension, flags: ExtensionFlags) -> CertificateExtension {
    let critical = if extension.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
    CertificateExtension { oid: extension.oid.to_string(), flags: flags | critical, value: extension.value.clone() }
}

/// An extension of a row as a certificate has it.
pub(crate) fn to_encode(extension: &CertificateExtension) -> Result<Extension, Error> {
    let oid = extension.oid.parse();
    let oid = oid.map_err(|_| Error::Unusable(format!("`{}` is not an object identifier", extension.oid)))?;
    let critical = extension.flags.contains(ExtensionFlags::CRITICAL);
    let make = if critical { Extension::critical } else { Extension::new };
    Ok(make(oid, extension.value.clone()))
}

/// The authority's name as `initialize` has it.
pub(crate) const fn ca_name() -> &'static str {
    CA_NAME
}

/// DNS names.
pub(crate) fn dns(names: &[&str]) -> Vec<GeneralName> {
    names.iter().map(|name| GeneralName::Dns((*name).to_owned())).collect()
}

/// No properties.
pub(crate) fn nothing_set() -> BTreeMap<String, String> {
    BTreeMap::new()
}

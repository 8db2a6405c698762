//! Taking names out of a recording: what a person, a machine, an account or a profile is called gets another name, always the
//! same; and so do object identifiers that are not everybody's.
//!
//! What is not known to be harmless is not kept: a row is made anew from what is. Its certificate and request are made anew
//! too, with the new names, by the laboratory's throwaway key; and CRLs, with the new serial numbers.

mod attributes;
mod crl;
mod extensions;
mod identifiers;
mod message;
mod names;
#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use module::moment::{Period, Unit};
use module::{Disposition, HResult, RequestId, RevocationReason, Value};
use pki::{Name, NameComponent, NameLengths, ObjectIdentifier, Serial};

use self::crl::Serials;
use self::identifiers::Identifiers;
use self::names::Names;
use super::{number_of, text_of};
use crate::Error;
use crate::authority::{Authority, CA_NAME, request};
use crate::row::Row;
use crate::scene::{Contents, Happening, Properties, Scene};
use crate::story::to_encode;

/// Names that were replaced, and what was made anew: one redaction for one recording.
#[derive(Debug)]
pub struct Redaction {
    authority: Authority,
    names: Names,
    identifiers: Identifiers,
    /// Per request: the request and the certificate made anew.
    made: HashMap<RequestId, (Vec<u8>, Option<Vec<u8>>)>,
    serials: Serials,
    head: [u8; 32],
}

impl Redaction {
    /// A redaction with a new throwaway authority.
    ///
    /// # Errors
    /// [`Error::Machine`] without randomness.
    pub fn new(now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            authority: Authority::new(now)?,
            names: Names::default(),
            identifiers: Identifiers::default(),
            made: HashMap::new(),
            serials: Serials::default(),
            head: [0; 32],
        })
    }

    /// The authority's name in the recording.
    pub const fn ca(&self) -> &'static str {
        CA_NAME
    }

    /// The authority's properties in the recording.
    ///
    /// # Errors
    /// [`Error::Machine`] where no CRL can be made.
    pub fn properties(&self) -> Result<Properties, Error> {
        Ok(self.authority.properties(None, None))
    }

    /// An event without names.
    ///
    /// # Errors
    /// [`Error::Machine`] where a certificate cannot be made anew.
    pub fn redact(&mut self, happening: &Happening) -> Result<Happening, Error> {
        let mut notification = happening.notification.clone();
        // The head of the chain binds what was taken out: it is chained anew.
        self.head = pki::sha256(&[&self.head[..], &notification.id.0.to_be_bytes()].concat());
        notification.hash = self.head;
        let contents = match (&happening.scene.contents, notification.request) {
            (Some(contents), Some(id)) => Some(self.contents(id, contents)?),
            _ => None,
        };
        let authority = Arc::new(self.properties()?);
        Ok(Happening { title: happening.title.clone(), notification, scene: Arc::new(Scene { contents, authority }) })
    }

    /// A request and its certificate without names.
    pub(super) fn contents(&mut self, id: RequestId, contents: &Contents) -> Result<Contents, Error> {
        let (request, certificate) = (&contents.request, &contents.certificate);
        let number = |properties, name| number_of(properties, name).unwrap_or_default();
        let text = |properties, name| text_of(properties, name).unwrap_or_default();
        let mut row = Row {
            id,
            disposition: Disposition::from_code(number(request, "Disposition")).unwrap_or(Disposition::Active),
            status: HResult(number(request, "StatusCode")),
            message: message::plain(text(request, "DispositionMessage")),
            submitted: request.moment("SubmittedWhen").unwrap_or(Timestamp::UNIX_EPOCH),
            resolved: request.moment("ResolvedWhen"),
            requester: self.names.account(text(request, "RequesterName")),
            caller: self.names.account(text(request, "CallerName")),
            officer: number(request, "Officer") == 1,
            request_type: number(request, "RequestType"),
            flags: number(request, "RequestFlags"),
            profile: text_of(certificate, "CertificateTemplate").map(|profile| self.profile(profile)),
            validity: period(certificate),
            raw: Vec::new(),
            attribute_text: String::new(),
            attributes: self.attributes(&contents.attributes),
            extensions: self.extensions(&contents.extensions),
            subject: self.subject(certificate),
            not_before: certificate.moment("NotBefore"),
            not_after: certificate.moment("NotAfter"),
            properties: self.flags_and_names(certificate),
            certificate: None,
            issuer_name_id: 0,
            revocation: request.moment("RevokedWhen").map(|when| {
                let effective = request.moment("RevokedEffectiveWhen").unwrap_or(when);
                (when, effective, reason(number(request, "RevokedReason")))
            }),
            publish_expired: number(certificate, "PublishExpiredCertInCRL") == 1,
        };
        let lines: Vec<String> = row.attributes.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        row.attribute_text = lines.join("\n");
        let serial = text_of(certificate, "SerialNumber").and_then(|text| text.parse().ok());
        let serial = serial.map(|serial| self.serials.of(serial)).transpose()?;
        let issued = certificate.value("RawCertificate").is_some();
        self.make_anew(&mut row, request.value("RawRequest").is_some(), issued, serial)?;
        Ok(row.contents())
    }

    /// Gives the row a request and a certificate with its new names: the same ones as for the event before.
    fn make_anew(&mut self, row: &mut Row, asked: bool, issued: bool, known: Option<Serial>) -> Result<(), Error> {
        let subject = name_of(&row.subject)?;
        let (raw, certificate) = match self.made.entry(row.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let wanted = row.extensions.iter().filter(|extension| extension.flags.is_from_request());
                let wanted = wanted.map(to_encode).collect::<Result<Vec<_>, _>>()?;
                new.insert((request(&subject, &wanted)?.0, None))
            }
        };
        if issued && certificate.is_none() {
            let parsed = pki::CertificationRequest::from_der(raw)?;
            let mut extensions = self.authority.own_extensions(parsed.public_key())?;
            for extension in row.extensions.iter().filter(|extension| extension.flags.is_enabled()) {
                extensions.push(to_encode(extension)?);
            }
            let validity = (row.not_before.unwrap_or(row.submitted), row.not_after.unwrap_or(row.submitted));
            let number = match known {
                Some(number) => number,
                None => crate::key::serial()?,
            };
            let made = self.authority.issue_as(number, &subject, parsed.public_key(), validity, extensions)?;
            *certificate = Some(made.der().to_vec());
        }
        if asked {
            row.raw.clone_from(raw);
        }
        row.certificate = certificate.clone().filter(|_| issued);
        Ok(())
    }

    /// A profile, which requests may name by an object identifier too.
    fn profile(&mut self, text: &str) -> String {
        match text.trim().parse::<ObjectIdentifier>() {
            Ok(identifier) => self.identifiers.of(&identifier).to_string(),
            Err(_) => self.names.of("profile", text),
        }
    }

    fn subject(&mut self, certificate: &Properties) -> Vec<(NameComponent, String)> {
        let mut subject = Vec::new();
        for (name, value) in certificate.iter() {
            let (Some(part), Value::String(text)) = (NameComponent::from_alias(name), value) else { continue };
            for one in text.split('\n') {
                let value = match part {
                    NameComponent::Country if is_country(one) => one.to_owned(),
                    NameComponent::Organization => self.names.of("organization", one),
                    NameComponent::OrgUnit => self.names.of("unit", one),
                    _ => self.names.of("name", one),
                };
                subject.push((part, value));
            }
        }
        subject
    }

    fn flags_and_names(&mut self, certificate: &Properties) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for name in ["EnrollmentFlags", "GeneralFlags", "PrivateKeyFlags"] {
            if let Some(Value::Long(number)) = certificate.value(name) {
                all.insert(name.to_owned(), number.to_string());
            }
        }
        if let Some(text) = text_of(certificate, "UPN") {
            all.insert("UPN".to_owned(), self.names.of("name", text));
        }
        if let Some(text) = text_of(certificate, "RequesterGroups") {
            let groups: Vec<String> = text.lines().map(|group| self.names.of("group", group)).collect();
            all.insert("RequesterGroups".to_owned(), groups.join("\n"));
        }
        all
    }
}

/// ISO 3166: two letters say nothing of anybody.
fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn period(certificate: &Properties) -> Option<Period> {
    let name = text_of(certificate, "ValidityPeriod")?;
    let unit = Unit::ALL.into_iter().find(|unit| unit.name() == name)?;
    match certificate.value("ValidityPeriodUnits") {
        Some(Value::Long(units)) => Some(Period::new(u32::try_from(*units).ok()?, unit)),
        _ => None,
    }
}

fn reason(number: i32) -> i32 {
    if number == RevocationReason::RELEASED || RevocationReason::from_code(number).is_some() { number } else { 0 }
}

fn name_of(subject: &[(NameComponent, String)]) -> Result<Name, Error> {
    let mut order: Vec<NameComponent> = Vec::new();
    for (part, _) in subject {
        if !order.contains(part) {
            order.push(*part);
        }
    }
    Ok(Name::from_components(&order, subject, NameLengths::Unlimited)?)
}

//! Taking names out of a recording: what a person, a machine or an account is called gets another name, always the same.
//!
//! What is not known to be harmless is not kept: a row is made anew from what is. Its certificate and request are made anew
//! too, with the new names, by the laboratory's throwaway key; and CRLs, with the new serial numbers.

mod names;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use module::moment::{Period, Unit};
use module::{CertificateExtension, Disposition, ExtensionFlags, HResult, RequestId, RevocationReason, Value};
use pki::{
    CertificateList, CrlEntry, Extension, GeneralName, Name, NameComponent, NameLengths, ObjectIdentifier, Serial,
    extension, oid,
};

use self::names::Names;
use super::{number_of, text_of};
use crate::Error;
use crate::authority::{Authority, CA_NAME, CrlDates, request};
use crate::key::serial;
use crate::row::Row;
use crate::scene::{Contents, Happening, Properties, Scene};
use crate::story::to_encode;

/// Attributes that say nothing of anybody.
const ATTRIBUTES: [&str; 5] =
    ["certificatetemplate", "validityperiod", "validityperiodunits", "expirationdate", "disposition"];

/// Extensions that say nothing of anybody, where they are what they should be.
const EXTENSIONS: [ObjectIdentifier; 4] =
    [oid::KEY_USAGE, oid::EXTENDED_KEY_USAGE, oid::BASIC_CONSTRAINTS, oid::CERTIFICATE_POLICIES];

/// How the engine's messages begin; what follows may name somebody.
const MESSAGES: [&str; 10] = [
    "Issued",
    "Taken Under Submission",
    "Denied by Policy Module",
    "Error Parsing Request",
    "Error Verifying Request Signature or Signing Certificate",
    "Error Constructing Certificate",
    "Error in Policy Module",
    "Resubmitted",
    "Revoked",
    "Unrevoked",
];

/// Names that were replaced, and what was made anew: one redaction for one recording.
#[derive(Debug)]
pub struct Redaction {
    authority: Authority,
    names: Names,
    /// Per request: the request and the certificate made anew.
    made: HashMap<RequestId, (Vec<u8>, Option<Vec<u8>>)>,
    /// What serial numbers became: in certificates and in CRLs the same.
    serials: HashMap<Serial, Serial>,
    head: [u8; 32],
}

impl Redaction {
    /// A redaction with a new throwaway authority.
    ///
    /// # Errors
    /// [`Error::Machine`] without randomness.
    pub fn new(now: Timestamp) -> Result<Self, Error> {
        let authority = Authority::new(now)?;
        Ok(Self { authority, names: Names::default(), made: HashMap::new(), serials: HashMap::new(), head: [0; 32] })
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

    /// A CRL with the serial numbers that certificates have in the recording, those of others made up, signed by the
    /// laboratory's key: its number, its dates, and the dates and reasons of its entries stay.
    pub(super) fn crl(&mut self, der: &[u8]) -> Result<Vec<u8>, Error> {
        let crl = CertificateList::from_der(der)?;
        let mut entries = Vec::new();
        for entry in crl.entries() {
            let entry = entry?;
            entries.push(CrlEntry { serial: self.serial(entry.serial)?, ..entry });
        }
        let next_update = crl.next_update().unwrap_or_else(|| crl.this_update());
        let dates = CrlDates { this_update: crl.this_update(), next_publish: next_update, next_update };
        let made = self.authority.crl_dated(crl.number().unwrap_or_default(), crl.delta_base(), &entries, dates)?;
        Ok(made.der().to_vec())
    }

    fn serial(&mut self, known: Serial) -> Result<Serial, Error> {
        Ok(match self.serials.entry(known) {
            Entry::Occupied(made) => *made.get(),
            Entry::Vacant(new) => *new.insert(serial()?),
        })
    }

    pub(super) fn contents(&mut self, id: RequestId, contents: &Contents) -> Result<Contents, Error> {
        let (request, certificate) = (&contents.request, &contents.certificate);
        let number = |properties, name| number_of(properties, name).unwrap_or_default();
        let text = |properties, name| text_of(properties, name).unwrap_or_default();
        let mut row = Row {
            id,
            disposition: Disposition::from_code(number(request, "Disposition")).unwrap_or(Disposition::Active),
            status: HResult(number(request, "StatusCode")),
            message: plain_message(text(request, "DispositionMessage")),
            submitted: request.moment("SubmittedWhen").unwrap_or(Timestamp::UNIX_EPOCH),
            resolved: request.moment("ResolvedWhen"),
            requester: self.names.account(text(request, "RequesterName")),
            caller: self.names.account(text(request, "CallerName")),
            officer: number(request, "Officer") == 1,
            request_type: number(request, "RequestType"),
            flags: number(request, "RequestFlags"),
            profile: text_of(certificate, "CertificateTemplate").map(str::to_owned),
            validity: period(certificate),
            raw: Vec::new(),
            attribute_text: String::new(),
            attributes: contents.attributes.iter().filter(|(name, _)| harmless(name)).cloned().collect(),
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
        let serial = serial.map(|serial| self.serial(serial)).transpose()?;
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
                None => serial()?,
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

    fn extensions(&mut self, all: &[CertificateExtension]) -> Vec<CertificateExtension> {
        let known: Vec<String> = EXTENSIONS.iter().map(ToString::to_string).collect();
        let san = oid::SUBJECT_ALT_NAME.to_string();
        let mut kept = Vec::new();
        for one in all {
            if known.contains(&one.oid) {
                kept.extend(
                    plain_value(&one.oid, &one.value).map(|value| CertificateExtension { value, ..one.clone() }),
                );
            } else if one.oid == san
                && let Ok(names) = extension::decode_subject_alt_name(&one.value)
            {
                let names: Vec<GeneralName> = names.iter().filter_map(|name| self.general_name(name)).collect();
                if let Ok(Extension { value, .. }) = extension::subject_alt_name(&names) {
                    kept.push(CertificateExtension { value, ..one.clone() });
                }
            }
        }
        kept.retain(|one| one.flags.origin() != ExtensionFlags::ORIGIN_SERVER || known.contains(&one.oid));
        kept
    }

    fn general_name(&mut self, name: &GeneralName) -> Option<GeneralName> {
        match name {
            GeneralName::Dns(text) => Some(GeneralName::Dns(self.names.of("name", text))),
            GeneralName::Email(text) => Some(GeneralName::Email(self.names.of("name", text))),
            GeneralName::Upn(text) => Some(GeneralName::Upn(self.names.of("name", text))),
            GeneralName::Ip(address) => self.names.of("name", &address.to_string()).parse().ok().map(GeneralName::Ip),
            GeneralName::Uri(text) => {
                Some(GeneralName::Uri(format!("https://{}.redacted.invalid/", self.names.of("path", text))))
            }
            // What it is made of is not known.
            _ => None,
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

/// The value of one of [`EXTENSIONS`], without what may name somebody: the qualifiers of policies, and bytes of another sort.
fn plain_value(oid: &str, value: &[u8]) -> Option<Vec<u8>> {
    match oid.parse().ok()? {
        oid::CERTIFICATE_POLICIES => {
            let policies = extension::decode_certificate_policies(value).ok()?;
            return Some(extension::certificate_policies(&policies).value);
        }
        oid::KEY_USAGE => drop(extension::decode_key_usage(value).ok()?),
        oid::EXTENDED_KEY_USAGE => drop(extension::decode_extended_key_usage(value).ok()?),
        oid::BASIC_CONSTRAINTS => drop(extension::decode_basic_constraints(value).ok()?),
        _ => return None,
    }
    Some(value.to_vec())
}

fn harmless(name: &str) -> bool {
    ATTRIBUTES.contains(&module::property::attribute_key(name).as_str())
}

/// ISO 3166: two letters say nothing of anybody.
fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A message up to where it may name somebody.
fn plain_message(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let known = MESSAGES.iter().find(|known| text.starts_with(**known));
    let plain = known.or_else(|| ["Denied", "Imported"].iter().find(|known| text.starts_with(**known)));
    plain.map_or_else(|| "(redacted)".to_owned(), |known| (*known).to_owned())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use module::ExitEvent;

    use super::super::{Recorder, Told};
    use super::*;
    use crate::story::Story;

    /// Every name that the laboratory's cast has.
    const NAMES: [&str; 16] = [
        "alice",
        "Archer",
        "bob",
        "Baker",
        "carol",
        "Cooper",
        "dave",
        "Draper",
        "mallory",
        "unix:eve",
        "example.org",
        "example.net",
        "example.com",
        "corp.example",
        "Elsewhere",
        "passwd",
    ];

    #[test]
    fn no_name_is_left_and_the_same_one_gets_the_same() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut story = Story::new(5, now).unwrap();
        let mut redaction = Redaction::new(now).unwrap();
        let mut requesters: BTreeMap<String, String> = BTreeMap::new();
        for event in ExitEvent::ALL {
            let mut happenings = story.of(event).unwrap();
            if event == ExitEvent::CertIssued {
                happenings.push(story.strange(event).unwrap());
                happenings.push(story.huge(event).unwrap());
            }
            for happening in happenings {
                let redacted = redaction.redact(&happening).unwrap();
                let mut line = Vec::new();
                let told = Told { happening: redacted.clone(), asked: None, crls: Vec::new() };
                let authority = &happening.scene.authority;
                let mut recorder = Recorder::begin(&mut line, "Some CA", authority, None, None).unwrap();
                recorder.event::<Error>(&told, &mut |_| Ok(None)).unwrap();
                let text = String::from_utf8(line).unwrap();
                let (_, text) = text.split_once('\n').unwrap();
                // What is binary is looked at as such: among so many letters a short name comes up by itself.
                let parts = text.split("{\"base64\":\"").enumerate();
                let text: String =
                    parts.map(|(at, part)| if at == 0 { part } else { part.split_once('"').unwrap().1 }).collect();
                // Also inside certificates, requests and extensions.
                let scene = format!("{:?}", redacted.scene);
                let contents = redacted.scene.contents.as_ref();
                let binaries = contents.iter().flat_map(|c| c.request.iter().chain(c.certificate.iter()));
                let mut bytes = String::new();
                for (_, value) in binaries {
                    if let Value::Binary(value) = value {
                        bytes.push_str(&String::from_utf8_lossy(value));
                    }
                }
                for extension in contents.iter().flat_map(|contents| &contents.extensions) {
                    bytes.push_str(&String::from_utf8_lossy(&extension.value));
                }
                for name in NAMES {
                    for text in [&text, &scene, &bytes] {
                        assert!(!text.contains(name), "{}: `{name}` is left in {text}", happening.title);
                    }
                }
                assert_ne!(redacted.notification.hash, happening.notification.hash);
                if let (Some(was), Some(is)) = (&happening.scene.contents, contents) {
                    let who = |contents: &Contents| text_of(&contents.request, "RequesterName").unwrap().to_owned();
                    let known = requesters.entry(who(was)).or_insert_with(|| who(is));
                    assert_eq!(*known, who(is));
                    assert_eq!(was.request.value("Disposition"), is.request.value("Disposition"));
                    let has = |contents: &Contents| contents.certificate.value("RawCertificate").is_some();
                    assert_eq!(has(was), has(is), "{}", happening.title);
                }
            }
        }
        assert!(requesters.len() > 3, "{requesters:?}");
    }

    #[test]
    fn a_certificate_is_the_same_in_all_its_events() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut story = Story::new(5, now).unwrap();
        let mut redaction = Redaction::new(now).unwrap();
        let happenings = story.of(ExitEvent::CertRetrievePending).unwrap();
        let serials: Vec<_> = happenings
            .iter()
            .map(|happening| {
                let redacted = redaction.redact(happening).unwrap();
                let contents = redacted.scene.contents.clone().unwrap();
                contents.certificate.value("SerialNumber").unwrap().clone()
            })
            .collect();
        assert_eq!(serials[0], serials[1]);
    }

    #[test]
    fn a_crl_has_the_serial_numbers_of_the_certificates() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut story = Story::new(5, now).unwrap();
        let revoked = story.one(ExitEvent::CertRevoked).unwrap();
        let number = |happening: &Happening| -> Serial {
            let contents = happening.scene.contents.as_ref().unwrap();
            text_of(&contents.certificate, "SerialNumber").unwrap().parse().unwrap()
        };
        let of = |serial| CrlEntry { serial, revoked_at: now, reason: Some(4), invalidity: None };
        let (known, stranger) = (number(&revoked), serial().unwrap());
        let entries = [of(known), of(stranger)];
        let base = story.authority().crl(7, None, &entries).unwrap();
        let delta = story.authority().crl(9, Some(7), &entries[1..]).unwrap();
        // Before the certificate and after it: whichever comes first decides.
        for crl_first in [true, false] {
            let mut redaction = Redaction::new(now).unwrap();
            let mut crls = Vec::new();
            if crl_first {
                crls.push(redaction.crl(base.der()).unwrap());
            }
            let made = number(&redaction.redact(&revoked).unwrap());
            crls.push(redaction.crl(base.der()).unwrap());
            let changed = CertificateList::from_der(&redaction.crl(delta.der()).unwrap()).unwrap();
            for crl in crls {
                let crl = CertificateList::from_der(&crl).unwrap();
                crl.verify(redaction.authority.certificate().public_key()).unwrap();
                assert_eq!((crl.number(), crl.this_update()), (base.number(), base.this_update()));
                assert_eq!(crl.next_update(), base.next_update());
                let serials: Vec<Serial> = crl.entries().map(|entry| entry.unwrap().serial).collect();
                assert_eq!((serials[0], serials.len()), (made, 2));
                assert!(!serials.contains(&known) && !serials.contains(&stranger));
                let first = changed.entries().next().unwrap().unwrap();
                assert_eq!((first.serial, first.reason, first.revoked_at), (serials[1], Some(4), now));
            }
            assert_eq!((changed.number(), changed.delta_base()), (Some(9), Some(7)));
        }
    }

    #[test]
    fn of_policies_their_identifiers_stay() {
        let policy = extension::certificate_policies(&[oid::ANY_POLICY]);
        // The same with a CPS pointer (RFC 5280 4.2.1.4).
        let uri = b"https://pki.example.org/cps";
        let element = |tag: u8, contents: &[u8]| [&[tag, contents.len() as u8], contents].concat();
        let cps = element(6, &[0x2b, 6, 1, 5, 5, 7, 2, 1]);
        let qualifier = element(0x30, &[cps, element(0x16, uri)].concat());
        let any = element(6, &[0x55, 0x1d, 0x20, 0]);
        let pointed = element(0x30, &element(0x30, &[any, element(0x30, &qualifier)].concat()));
        let policies = oid::CERTIFICATE_POLICIES.to_string();
        assert_eq!(plain_value(&policies, &pointed), Some(policy.value));
        let usage = extension::key_usage(extension::KeyUsage::DIGITAL_SIGNATURE).value;
        assert_eq!(plain_value(&oid::KEY_USAGE.to_string(), &usage), Some(usage));
        // Whoever asks may give an extension any value.
        for oid in EXTENSIONS {
            assert_eq!(plain_value(&oid.to_string(), b"alice"), None, "{oid}");
        }
    }

    #[test]
    fn messages_end_where_they_may_name_somebody() {
        assert_eq!(plain_message("Revoked by unix:carol"), "Revoked");
        assert_eq!(plain_message("Denied by unix:carol"), "Denied");
        assert_eq!(plain_message("Denied by Policy Module: Alice may not"), "Denied by Policy Module");
        assert_eq!(plain_message("Alice was here"), "(redacted)");
    }
}

//! The certification authority that the laboratory pretends to be: real certificates and CRLs, a throwaway key.

use jiff::{Timestamp, ToSpan};
use module::Value;
use pki::extension::{self, KeyUsage};
use pki::{Certificate, CertificateList, CrlEntry, CrlHeader, Extension, Name, PublicKey, Serial, TbsCertificate};

use crate::Error;
use crate::key::{ALGORITHM, Key, serial};
use crate::scene::Properties;

/// The authority's common name: what modules are told in `initialize`.
pub const CA_NAME: &str = "Exeunt Laboratory CA";

const DNS_NAME: &str = "ca.laboratory.example";
const CRL_URL: &str = "http://ca.laboratory.example/CertEnroll/laboratory.crl";
const DELTA_URL: &str = "http://ca.laboratory.example/CertEnroll/laboratory+.crl";
const ISSUER_URL: &str = "http://ca.laboratory.example/CertEnroll/laboratory.crt";
const OCSP_URL: &str = "http://ocsp.laboratory.example/";

/// An authority with one self-signed certificate, valid for ten years.
#[derive(Debug)]
pub struct Authority {
    key: Key,
    certificate: Certificate,
    now: Timestamp,
}

impl Authority {
    /// Makes a key and a certificate. `now` is when everything of the laboratory happens.
    ///
    /// # Errors
    /// [`Error::Machine`] without randomness.
    pub fn new(now: Timestamp) -> Result<Self, Error> {
        let key = Key::generate()?;
        let name = Name::parse(&format!("CN={CA_NAME},O=Example,C=DE"))?;
        let tbs = TbsCertificate {
            serial: serial()?,
            signature: ALGORITHM,
            issuer: name.clone(),
            not_before: hours(now, -24)?,
            not_after: hours(now, 24 * 3_650)?,
            subject: name,
            public_key: key.public().clone(),
            extensions: vec![
                extension::basic_constraints(true, None),
                extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::DIGITAL_SIGNATURE),
                extension::subject_key_identifier(&key.public().key_identifier()),
                extension::ca_version(0, 0),
            ],
        };
        let certificate = signed(&tbs, &key)?;
        Ok(Self { key, certificate, now })
    }

    /// When everything of the laboratory happens.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Its certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The extensions an authority adds by itself (RFC 5280 4.2.1.1, 4.2.1.2, 4.2.1.13, 4.2.2.1).
    ///
    /// # Errors
    /// [`Error::Machine`] where one cannot be encoded.
    pub fn own_extensions(&self, key: &PublicKey) -> Result<Vec<Extension>, Error> {
        Ok(vec![
            extension::subject_key_identifier(&key.key_identifier()),
            self.authority_key(),
            extension::crl_distribution_points(&[CRL_URL.to_owned()])?,
            extension::authority_info_access(&[ISSUER_URL.to_owned()], &[OCSP_URL.to_owned()])?,
        ])
    }

    /// Signs a certificate.
    ///
    /// # Errors
    /// [`Error::Machine`] where it cannot be encoded or signed.
    pub fn issue(
        &self,
        subject: &Name,
        key: &PublicKey,
        validity: (Timestamp, Timestamp),
        extensions: Vec<Extension>,
    ) -> Result<Certificate, Error> {
        self.issue_as(serial()?, subject, key, validity, extensions)
    }

    /// Signs a certificate with this serial number.
    pub(crate) fn issue_as(
        &self,
        serial: Serial,
        subject: &Name,
        key: &PublicKey,
        validity: (Timestamp, Timestamp),
        extensions: Vec<Extension>,
    ) -> Result<Certificate, Error> {
        let tbs = TbsCertificate {
            serial,
            signature: ALGORITHM,
            issuer: self.certificate.subject().clone(),
            not_before: validity.0,
            not_after: validity.1,
            subject: subject.clone(),
            public_key: key.clone(),
            extensions,
        };
        signed(&tbs, &self.key)
    }

    /// A full CRL for a week; with `base` a delta CRL over the full one of that number (RFC 5280 5.2.4).
    ///
    /// # Errors
    /// [`Error::Machine`] where it cannot be encoded or signed.
    pub fn crl(&self, number: u64, base: Option<u64>, entries: &[CrlEntry]) -> Result<CertificateList, Error> {
        let dates = CrlDates {
            this_update: hours(self.now, -1)?,
            next_publish: hours(self.now, 24 * 6)?,
            next_update: hours(self.now, 24 * 7)?,
        };
        self.crl_dated(number, base, entries, dates)
    }

    /// A CRL with these dates.
    pub(crate) fn crl_dated(
        &self,
        number: u64,
        base: Option<u64>,
        entries: &[CrlEntry],
        dates: CrlDates,
    ) -> Result<CertificateList, Error> {
        let mut extensions = vec![self.authority_key(), extension::ca_version(0, 0), extension::crl_number(number)];
        match base {
            Some(base) => extensions.push(extension::delta_crl_indicator(base)),
            None => extensions.push(extension::freshest_crl(&[DELTA_URL.to_owned()])?),
        }
        extensions.push(extension::crl_next_publish(dates.next_publish)?);
        let header = CrlHeader {
            signature: ALGORITHM,
            issuer: self.certificate.subject().clone(),
            this_update: dates.this_update,
            next_update: dates.next_update,
            extensions,
        };
        let mut encoded = Vec::new();
        for entry in entries {
            pki::encode_entry(entry, &mut encoded)?;
        }
        let tbs = [header.prefix(encoded.len() as u64)?, encoded, header.suffix()?].concat();
        Ok(CertificateList::from_der(&pki::assemble(&tbs, ALGORITHM, &self.key.sign(&tbs)?))?)
    }

    /// The authority's properties, with these CRLs as its newest.
    pub(crate) fn properties(&self, base: Option<&[u8]>, delta: Option<&[u8]>) -> Properties {
        let mut all = Properties::default();
        for (name, number) in [
            ("CAType", 3),
            ("fUseDS", 0),
            ("fDeltaCRLsDisabled", 0),
            ("fServerUpgraded", 0),
            ("LogLevel", 3),
            ("SessionCount", 1),
            ("VolatileMode", 0),
            ("SEAuditFilter", 127),
            ("CertCount", 1),
            ("CertState.0", 3),
            ("CRLIndex.0", 0),
            ("CRLState.0", 3),
        ] {
            all.set(name, number);
        }
        for (name, text) in [
            ("SanitizedCAName", CA_NAME),
            ("SanitizedShortName", CA_NAME),
            ("MachineDNSName", DNS_NAME),
            ("CertSuffix.0", ""),
            ("CRLSuffix.0", ""),
        ] {
            all.set(name, text);
        }
        all.set("RawCACertificate.0", self.certificate.der().to_vec());
        for (name, crl) in [("RawCRL.0", base), ("RawDeltaCRL.0", delta)] {
            all.set_if(name, crl.map(<[u8]>::to_vec));
        }
        all
    }

    fn authority_key(&self) -> Extension {
        extension::authority_key_identifier(Some(&self.key.public().key_identifier()), None, None)
    }
}

/// The dates of a CRL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrlDates {
    pub(crate) this_update: Timestamp,
    pub(crate) next_publish: Timestamp,
    pub(crate) next_update: Timestamp,
}

/// A PKCS#10 request (RFC 2986), signed with a new key; the key's public half comes with it.
///
/// # Errors
/// [`Error::Machine`] where it cannot be encoded or signed.
pub fn request(subject: &Name, extensions: &[Extension]) -> Result<(Vec<u8>, PublicKey), Error> {
    let key = Key::generate()?;
    let info = pki::certification_request_info(subject, key.public(), extensions)?;
    Ok((pki::assemble(&info, ALGORITHM, &key.sign(&info)?), key.public().clone()))
}

/// A moment some hours away.
pub(crate) fn hours(at: Timestamp, hours: i64) -> Result<Timestamp, Error> {
    at.checked_add(hours.hours()).map_err(|_| Error::Unusable("the clock is at the calendar's end".into()))
}

fn signed(tbs: &TbsCertificate, key: &Key) -> Result<Certificate, Error> {
    let der = tbs.to_der()?;
    Ok(Certificate::from_der(&pki::assemble(&der, ALGORITHM, &key.sign(&der)?))?)
}

/// A value that is text, for messages.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Long(number) => number.to_string(),
        Value::Date(moment) => moment.to_string(),
        Value::Binary(bytes) => format!("{} bytes", bytes.len()),
        Value::String(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn certificates_and_crls_are_real() {
        let authority = Authority::new("2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        let root = authority.certificate();
        root.verify(root.public_key()).unwrap();
        let subject = Name::parse("CN=www.example.org").unwrap();
        let (der, key) = request(&subject, &[]).unwrap();
        let parsed = pki::CertificationRequest::from_der(&der).unwrap();
        parsed.verify().unwrap();
        let end = hours(authority.now(), 24 * 90).unwrap();
        let extensions = authority.own_extensions(&key).unwrap();
        let leaf = authority.issue(&subject, &key, (authority.now(), end), extensions).unwrap();
        leaf.verify(root.public_key()).unwrap();
        let entry = CrlEntry { serial: leaf.serial(), revoked_at: authority.now(), reason: Some(1), invalidity: None };
        let base = authority.crl(7, None, std::slice::from_ref(&entry)).unwrap();
        let delta = authority.crl(8, Some(7), &[entry]).unwrap();
        assert_eq!((base.number(), base.delta_base(), delta.delta_base()), (Some(7), None, Some(7)));
        base.verify(root.public_key()).unwrap();
        delta.verify(root.public_key()).unwrap();
    }
}

//! The authority's own certificates and keys.

use std::sync::Arc;

use jiff::Timestamp;
use module::HResult;
use pki::{Certificate, PublicKey};

use crate::store::CaCertificate;
use crate::{Error, Signer};

/// The certification authority's certificates, by index, and the keys behind them.
pub struct Ca {
    certificates: Vec<Installed>,
    signers: Vec<Arc<dyn Signer>>,
}

/// One CA certificate, read.
pub struct Installed {
    /// As it is stored.
    pub row: CaCertificate,
    /// Parsed.
    pub certificate: Certificate,
    /// Its key's identifier: what AKI says of certificates it issues.
    pub key_identifier: Vec<u8>,
}

/// What signs: the newest CA certificate and its key.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    /// The certificate.
    pub installed: &'a Installed,
    /// The key.
    pub signer: &'a dyn Signer,
}

impl Ca {
    /// Matches certificates to keys. Every certificate must parse; a key may be missing for all but the newest.
    pub fn new(rows: Vec<CaCertificate>, signers: Vec<Arc<dyn Signer>>) -> Result<Self, Error> {
        let certificates = rows.into_iter().map(Installed::read).collect::<Result<_, _>>()?;
        Ok(Self { certificates, signers })
    }

    /// Every certificate ever installed, by index.
    pub fn certificates(&self) -> &[Installed] {
        &self.certificates
    }

    /// The certificate at an index.
    pub fn certificate(&self, index: u16) -> Option<&Installed> {
        self.certificates.iter().find(|installed| installed.row.index == index)
    }

    /// The newest certificate, and the key that signs with it.
    pub fn issuer(&self) -> Result<Issuer<'_>, Error> {
        let installed = self.certificates.last().ok_or_else(|| {
            Error::Unavailable(
                "the certification authority has no certificate yet: have ca.csr signed, then `exeunt ca install`"
                    .into(),
            )
        })?;
        self.with_key(installed)
    }

    /// The newest certificate of a key, and the key: what signs that key's CRLs.
    pub fn crl_issuer(&self, key_index: u16) -> Result<Issuer<'_>, Error> {
        let newest = self.certificates.iter().rev().find(|installed| installed.row.key_index == key_index);
        self.with_key(newest.ok_or_else(|| Error::NotFound(format!("CA key {key_index}")))?)
    }

    /// The key indexes, each once, oldest first.
    pub fn key_indexes(&self) -> Vec<u16> {
        let mut indexes: Vec<u16> = self.certificates.iter().map(|installed| installed.row.key_index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }

    /// The CA certificate, of any index, that signed this one.
    pub fn signer_of(&self, certificate: &Certificate) -> Option<&Installed> {
        let issued_here = |installed: &&Installed| {
            installed.certificate.subject().der() == certificate.issuer().der()
                && certificate.verify(installed.certificate.public_key()).is_ok()
        };
        self.certificates.iter().rev().find(issued_here)
    }

    /// The keys, for a certificate that is to be installed.
    pub fn signers(&self) -> &[Arc<dyn Signer>] {
        &self.signers
    }

    fn with_key<'a>(&'a self, installed: &'a Installed) -> Result<Issuer<'a>, Error> {
        let key = installed.certificate.public_key();
        let signer = self.signers.iter().find(|signer| signer.public_key() == key);
        let signer = signer.ok_or_else(|| {
            Error::Unavailable(format!("the key of CA certificate {} is not there", installed.row.index))
        })?;
        Ok(Issuer { installed, signer: signer.as_ref() })
    }
}

impl Installed {
    /// Parses a stored CA certificate.
    pub fn read(row: CaCertificate) -> Result<Self, Error> {
        let certificate = Certificate::from_der(&row.certificate)?;
        let key_identifier =
            certificate.subject_key_identifier().unwrap_or_else(|| certificate.public_key().key_identifier().to_vec());
        Ok(Self { row, certificate, key_identifier })
    }

    /// `CertState`: `CA_DISP_VALID` (3) or, once expired, `CA_DISP_INVALID` (4).
    pub fn state(&self, now: Timestamp) -> i32 {
        if now <= self.certificate.not_after() { 3 } else { 4 }
    }
}

/// Checks that a certificate can be installed as the authority's own: it is for one of its keys, and a CA's.
pub fn check_own(certificate: &Certificate, keys: &[Arc<dyn Signer>], now: Timestamp) -> Result<(), Error> {
    let invalid = |message: &str| Error::refused_with(HResult::CERTSRV_E_INVALID_CA_CERTIFICATE, message);
    let ours = |key: &PublicKey| keys.iter().any(|signer| signer.public_key() == key);
    if !ours(certificate.public_key()) {
        return Err(invalid(
            "the certificate is not for a key of this authority; was it made from this authority's ca.csr?",
        ));
    }
    if !certificate.is_ca() {
        return Err(invalid("the certificate is not a CA's: its basic constraints do not say cA"));
    }
    if let Some(usage) = certificate.key_usage()
        && !usage.contains(pki::KeyUsage::KEY_CERT_SIGN)
    {
        return Err(invalid("the certificate's key usage does not allow signing certificates"));
    }
    if certificate.not_after() <= now {
        return Err(invalid("the certificate has expired"));
    }
    Ok(())
}

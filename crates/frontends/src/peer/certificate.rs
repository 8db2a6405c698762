//! Callers behind a TLS client certificate, which TLS has verified.

use engine::Caller;
use pki::Certificate;

/// The caller with this certificate: `cert:` and its subject (RFC 4514), in the group `cert-sha256:` and its SHA-256.
///
/// # Errors
/// When the certificate is not strict DER: a name that two parsers may read differently is no identity.
pub(crate) fn caller(der: &[u8]) -> Result<Caller, pki::Error> {
    let certificate = Certificate::from_der(der)?;
    Ok(Caller {
        name: format!("cert:{}", certificate.subject()),
        groups: vec![format!("cert-sha256:{}", hex::encode(certificate.sha256()))],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_name_is_the_subject_and_the_group_the_hash() {
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::OrganizationName, "Example, Ltd");
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "Alice");
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let caller = caller(certificate.der()).unwrap();
        assert_eq!(caller.name, r"cert:CN=Alice,O=Example\, Ltd");
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
        assert_eq!(caller.groups, [format!("cert-sha256:{}", hex::encode(hash))]);
        assert!(super::caller(b"\x30\x03\x02\x01\x05").is_err());
    }
}

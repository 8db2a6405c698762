//! Rows to begin with: an authority, a request, a certificate.

use exeunt_module::scene::{Contents, Properties};
use exeunt_module::{Disposition, Timestamp};

pub(super) const CA_NAME: &str = "Example CA";

/// `CR_IN_PKCS10` and DER: how requests come in.
const REQUEST_TYPE_PKCS10: i32 = 0x100;
const SUBMITTED: &str = "2026-01-05T12:00:00Z";
pub(super) const ISSUED: &str = "2026-01-05T12:00:01Z";
const NOT_BEFORE: &str = "2026-01-05T11:50:00Z";
const NOT_AFTER: &str = "2026-04-05T11:50:00Z";

/// A moment of this file.
pub(super) fn moment(text: &str) -> Timestamp {
    text.parse().expect("the moments of this file are ones")
}

/// A root with one certificate and no CRL.
pub(super) fn authority() -> Properties {
    let mut all = Properties::default();
    for (name, number) in [
        ("CAType", 3),
        ("CertCount", 1),
        ("CertState.0", 3),
        ("CRLIndex.0", 0),
        ("CRLState.0", 3),
        ("fDeltaCRLsDisabled", 1),
        ("fServerUpgraded", 0),
        ("fUseDS", 0),
        ("LogLevel", 3),
        ("SEAuditFilter", 127),
        ("SessionCount", 1),
        ("VolatileMode", 0),
    ] {
        all.set(name, number);
    }
    for (name, text) in [
        ("CertSuffix.0", ""),
        ("CRLSuffix.0", ""),
        ("MachineDNSName", "ca.example.org"),
        ("SanitizedCAName", CA_NAME),
        ("SanitizedShortName", CA_NAME),
    ] {
        all.set(name, text);
    }
    all
}

/// A request that has just come in.
pub(super) fn submitted(common_name: &str) -> Contents {
    let mut contents = Contents::default();
    let subject = format!("CN={common_name}");
    let request = &mut contents.request;
    for (name, number) in [
        ("RequestID", 7),
        ("RequestType", REQUEST_TYPE_PKCS10),
        ("RequestFlags", 0),
        ("StatusCode", 0),
        ("Disposition", Disposition::Active.code()),
        ("Officer", 0),
        ("CRLPartitionIndex", 0),
    ] {
        request.set(name, number);
    }
    for (name, text) in [
        ("RequesterName", "unix:alice"),
        ("CallerName", "unix:alice"),
        ("CommonName", common_name),
        ("DistinguishedName", &subject),
    ] {
        request.set(name, text);
    }
    request.set("SubmittedWhen", moment(SUBMITTED));

    let certificate = &mut contents.certificate;
    for (name, number) in
        [("RequestID", 7), ("RequesterCAAccess", 1), ("KeyArchived", 0), ("PublishExpiredCertInCRL", 0)]
    {
        certificate.set(name, number);
    }
    certificate.set("CommonName", common_name);
    certificate.set("PublicKeyAlgorithm", "1.2.840.10045.2.1");
    certificate.set("PublicKeyLength", 256);
    certificate.set("NotBefore", moment(NOT_BEFORE));
    certificate.set("NotAfter", moment(NOT_AFTER));
    certificate.set("ExpirationDate", moment(NOT_AFTER));
    contents
}

/// The same when its certificate was issued.
pub(super) fn issued(common_name: &str) -> Contents {
    let mut contents = submitted(common_name);
    contents.request.set("Disposition", Disposition::Issued.code());
    contents.request.set("DispositionMessage", "Issued");
    contents.request.set("ResolvedWhen", moment(ISSUED));
    let certificate = &mut contents.certificate;
    certificate.set("SerialNumber", "1a2b3c");
    certificate.set("DistinguishedName", format!("CN={common_name}"));
    certificate.set("IssuerNameId", 0);
    certificate.set("CertificateHash", "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 00 11 22 33");
    // An INTEGER in a SEQUENCE: DER, and no certificate.
    certificate.set("RawCertificate", vec![0x30, 0x03, 0x02, 0x01, 0x07]);
    contents
}

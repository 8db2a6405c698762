//! Requests to store: every field filled, no two alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Issued, KeySummary, Request, RequestBody, Revocation};
use jiff::{Timestamp, ToSpan};
use module::{CertificateExtension, Disposition, ExtensionFlags, HResult, RequestId};
use pki::{NameComponent, Serial};

/// An issued request, version 1, with every field filled but the revocation, and about 2.5 KB of large parts.
///
/// It is a function of `id`: `host-ID.example`, requested by one of five accounts, expiring `id` seconds after a fixed day.
pub fn request(id: i64) -> Request {
    let start = Timestamp::from_second(1_767_225_600).expect("2026 is within the calendar");
    let moment = |seconds: i64| start.checked_add(seconds.seconds()).expect("a test's moments are within the calendar");
    let host = format!("host-{id}.example");
    Request {
        id: RequestId(id),
        version: 1,
        disposition: Disposition::Issued,
        status: HResult::S_OK,
        message: "Issued".into(),
        submitted: moment(id),
        resolved: Some(moment(id + 1)),
        requester: format!("EXAMPLE\\user-{}", id % 5),
        caller: "EXAMPLE\\enrolment".into(),
        request_type: 0x100,
        flags: 4,
        profile: Some("WebServer".into()),
        key: Some(KeySummary {
            algorithm: "1.2.840.10045.2.1".into(),
            bits: 256,
            identifier: scattered(id, 1).to_vec(),
        }),
        subject: vec![
            (NameComponent::CommonName, host.clone()),
            (NameComponent::OrgUnit, "Servers".into()),
            (NameComponent::OrgUnit, format!("Unit {}", id % 7)),
            (NameComponent::Organization, "Example \"quoted\" & Söhne".into()),
            (NameComponent::Country, "DE".into()),
        ],
        alternative_names: format!("dns:{host}, ip:192.0.2.{}", id.rem_euclid(256)),
        not_before: Some(moment(id - 600)),
        not_after: Some(moment(id + 90 * 86_400)),
        properties: [("UPN".to_owned(), format!("{id}@example.com")), ("EnrollmentFlags".into(), "32".into())].into(),
        issued: Some(Issued {
            serial: serial(id),
            sha1: scattered(id, 2),
            ca_certificate: 1,
            ca_key: 0,
            distinguished_name: format!("CN={host},OU=Servers,O=Example,C=DE"),
        }),
        revocation: None,
        publish_expired: false,
        body: Arc::new(RequestBody {
            raw: octets(id, 900),
            attribute_text: "CertificateTemplate:WebServer\nccm:client.example".into(),
            attributes: vec![
                ("CertificateTemplate".into(), "WebServer".into()),
                ("ccm".into(), "client.example".into()),
            ],
            extensions: vec![
                extension("2.5.29.15", ExtensionFlags::CRITICAL | ExtensionFlags::ORIGIN_POLICY, octets(id, 4)),
                extension("2.5.29.17", ExtensionFlags::ORIGIN_REQUEST, octets(id + 1, 300)),
                extension(
                    "1.3.6.1.4.1.311.21.7",
                    ExtensionFlags::DISABLE | ExtensionFlags::ORIGIN_REQUEST,
                    octets(id, 40),
                ),
            ],
            certificate: Some(octets(id + 2, 1100)),
        }),
    }
}

/// [`request`]`(id)` while it is under submission: no certificate, no validity, no resolution.
pub fn pending(id: i64) -> Request {
    let mut request = request(id);
    request.disposition = Disposition::Pending;
    request.message = "Taken Under Submission".into();
    request.resolved = None;
    request.issued = None;
    request.not_before = None;
    request.not_after = None;
    let body = Arc::make_mut(&mut request.body);
    body.certificate = None;
    body.extensions.retain(|extension| extension.flags.is_from_request());
    request
}

/// [`request`]`(id)` as its second version, revoked for `reason` an hour after it was submitted, effective at once.
pub fn revoked(id: i64, reason: i32) -> Request {
    let mut request = request(id);
    request.version = 2;
    request.disposition = Disposition::Revoked;
    request.message = "Revoked by EXAMPLE\\manager".into();
    let when = request.submitted.checked_add(1.hour()).expect("a test's moments are within the calendar");
    request.revocation = Some(Revocation { when, effective: when, reason });
    request
}

/// A certificate of another authority, imported.
pub fn foreign(id: i64) -> Request {
    let mut request = request(id);
    request.disposition = Disposition::Foreign;
    request.message = "Imported".into();
    request
}

/// A request that could not be read: whatever may be absent is absent, whatever may be empty is empty.
pub fn minimal(id: i64) -> Request {
    Request {
        id: RequestId(id),
        version: 1,
        disposition: Disposition::Failed,
        status: HResult::CRYPT_E_INVALID_MSG_TYPE,
        message: String::new(),
        submitted: request(id).submitted,
        resolved: None,
        requester: String::new(),
        caller: String::new(),
        request_type: 0,
        flags: 0,
        profile: None,
        key: None,
        subject: Vec::new(),
        alternative_names: String::new(),
        not_before: None,
        not_after: None,
        properties: BTreeMap::new(),
        issued: None,
        revocation: None,
        publish_expired: false,
        body: Arc::default(),
    }
}

/// The serial number of [`request`]`(id)`: 16 octets that are not in the order of `id`.
pub fn serial(id: i64) -> Serial {
    let scattered: [u8; 20] = scattered(id, 3);
    Serial::from_random(scattered.get(..16).unwrap_or(&scattered)).expect("sixteen octets make a serial number")
}

fn extension(oid: &str, flags: ExtensionFlags, value: Vec<u8>) -> CertificateExtension {
    CertificateExtension { oid: oid.into(), flags, value }
}

/// Octets that look random and are a function of `id` and `kind`.
fn scattered(id: i64, kind: u64) -> [u8; 20] {
    let mut state = id.cast_unsigned().wrapping_mul(8).wrapping_add(kind);
    let mut out = [0; 20];
    for octet in &mut out {
        // SplitMix64: every step's output depends on all bits of the state.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        *octet = (mixed >> 56) as u8;
    }
    out
}

fn octets(id: i64, length: usize) -> Vec<u8> {
    scattered(id, 4).into_iter().cycle().take(length).collect()
}

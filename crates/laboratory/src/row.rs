//! A row of a certification authority, and the properties that modules read of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use module::moment::Period;
use module::{CertificateExtension, Disposition, HResult, RequestId, Value};
use pki::{Certificate, CertificationRequest, NameComponent, PublicKey};

use crate::scene::{Contents, Properties};

/// `CR_IN_PKCS10` and DER: how requests come in.
pub const REQUEST_TYPE_PKCS10: i32 = 0x100;

/// One request and, once there is one, its certificate, as an event left it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The number.
    pub id: RequestId,
    /// Where it stands.
    pub disposition: Disposition,
    /// 0, or why it was denied or failed.
    pub status: HResult,
    /// Where it stands, in words.
    pub message: String,
    /// When it was received.
    pub submitted: Timestamp,
    /// When processing ended.
    pub resolved: Option<Timestamp>,
    /// Whom the certificate is for.
    pub requester: String,
    /// Who handed it in.
    pub caller: String,
    /// Whether the caller is a certificate manager.
    pub officer: bool,
    /// Format and submit flags (`CR_IN_*`).
    pub request_type: i32,
    /// Request flags (`CR_FLG_*`).
    pub flags: i32,
    /// The profile it asks for or was issued by.
    pub profile: Option<String>,
    /// That profile's validity, where the authority has the profile.
    pub validity: Option<Period>,
    /// The request as received, DER; what could not be read is kept as it came.
    pub raw: Vec<u8>,
    /// The attribute text as submitted.
    pub attribute_text: String,
    /// The attributes.
    pub attributes: Vec<(String, String)>,
    /// The extensions, disabled ones too.
    pub extensions: Vec<CertificateExtension>,
    /// The certificate's subject as policy left it.
    pub subject: Vec<(NameComponent, String)>,
    /// Start of validity, as policy left it.
    pub not_before: Option<Timestamp>,
    /// End of validity, as policy left it.
    pub not_after: Option<Timestamp>,
    /// Flag words, UPN and the requester's groups, by property name.
    pub properties: BTreeMap<String, String>,
    /// The certificate, DER.
    pub certificate: Option<Vec<u8>>,
    /// `IssuerNameId`, where there is a certificate of the authority's.
    pub issuer_name_id: i32,
    /// When it was revoked, the date CRLs show, and the reason's number (-1 after release from hold).
    pub revocation: Option<(Timestamp, Timestamp, i32)>,
    /// Whether the certificate stays in CRLs after it expired.
    pub publish_expired: bool,
}

impl Row {
    /// What modules read of the row: the properties that have a value.
    pub fn contents(&self) -> Contents {
        let request = CertificationRequest::from_der(&self.raw).ok();
        let certificate = self.certificate.as_deref().and_then(|der| Certificate::from_der(der).ok());
        Contents {
            request: self.request_properties(request.as_ref()),
            certificate: self.certificate_properties(request.as_ref(), certificate.as_ref()),
            attributes: self.attributes.clone(),
            extensions: self.extensions.clone(),
        }
    }

    fn request_properties(&self, parsed: Option<&CertificationRequest>) -> Properties {
        let mut all = Properties::default();
        all.set_if("RequestID", Value::long(self.id.0).ok());
        all.set_if("RawRequest", (!self.raw.is_empty()).then(|| self.raw.clone()));
        all.set_text("RequestAttributes", &self.attribute_text);
        all.set("RequestType", self.request_type);
        all.set("RequestFlags", self.flags);
        all.set("StatusCode", self.status.0);
        all.set("Disposition", self.disposition.code());
        all.set_text("DispositionMessage", &self.message);
        all.set("SubmittedWhen", self.submitted);
        all.set_if("ResolvedWhen", self.resolved);
        all.set_if("RevokedWhen", self.revocation.map(|(when, ..)| when));
        all.set_if("RevokedEffectiveWhen", self.revocation.map(|(_, effective, _)| effective));
        all.set_if("RevokedReason", self.revocation.map(|(.., reason)| reason));
        all.set_text("RequesterName", &self.requester);
        all.set_text("CallerName", &self.caller);
        all.set("Officer", i32::from(self.officer));
        all.set("CRLPartitionIndex", 0);
        if let Some(parsed) = parsed {
            all.set_text("DistinguishedName", &parsed.subject().to_string());
            all.set("RawName", parsed.subject().der().to_vec());
            set_subject(&mut all, &parsed.subject().components());
        }
        all
    }

    fn certificate_properties(
        &self,
        request: Option<&CertificationRequest>,
        certificate: Option<&Certificate>,
    ) -> Properties {
        let mut all = Properties::default();
        all.set_if("RequestID", Value::long(self.id.0).ok());
        all.set_if("CertificateTemplate", self.profile.as_deref());
        all.set_if("NotBefore", self.not_before);
        all.set_if("NotAfter", self.not_after);
        all.set_if("ExpirationDate", self.not_after);
        all.set("PublishExpiredCertInCRL", i32::from(self.publish_expired));
        all.set("RequesterCAAccess", 1);
        all.set("KeyArchived", 0);
        all.set_if("ValidityPeriod", self.validity.map(|period| period.unit.name()));
        all.set_if("ValidityPeriodUnits", self.validity.and_then(|period| i32::try_from(period.units).ok()));
        for (name, text) in &self.properties {
            match name.as_str() {
                "EnrollmentFlags" | "GeneralFlags" | "PrivateKeyFlags" => all.set_if(name, text.parse::<i32>().ok()),
                _ => all.set_text(name, text),
            }
        }
        // What the request asks for, where policy has not spoken and no certificate says otherwise.
        if certificate.is_none() && !self.properties.contains_key("UPN") {
            let asked = request.and_then(|request| pki::extension::user_principal_name(request.extensions()));
            all.set_if("UPN", asked);
        }
        set_subject(&mut all, &self.subject);
        if let Some(key) = certificate.map(Certificate::public_key).or(request.map(CertificationRequest::public_key)) {
            set_key(&mut all, key, certificate);
        }
        if let Some(found) = certificate {
            all.set("RawCertificate", found.der().to_vec());
            all.set("CertificateHash", spaced_hex(&found.sha1()));
            all.set("SerialNumber", found.serial().to_string());
            all.set("IssuerNameId", self.issuer_name_id);
            // Also where it is empty: the certificate has a subject.
            all.set("DistinguishedName", found.subject().to_string());
            all.set("RawName", found.subject().der().to_vec());
        }
        all
    }
}

fn set_key(all: &mut Properties, key: &PublicKey, certificate: Option<&Certificate>) {
    // What the certificate says, else the hash of the key (RFC 5280 4.2.1.2, method 1).
    let said = certificate.and_then(Certificate::subject_key_identifier);
    all.set("SubjectKeyIdentifier", spaced_hex(&said.unwrap_or_else(|| key.key_identifier().to_vec())));
    all.set_if("PublicKeyLength", i32::try_from(key.bits()).ok());
    all.set("PublicKeyAlgorithm", key.algorithm_oid());
    all.set("RawPublicKey", key.key_bytes().to_vec());
    all.set_if("RawPublicKeyAlgorithmParameters", key.parameters().map(<[u8]>::to_vec));
}

/// Each part with its values joined by line feeds, as the contract does.
fn set_subject(all: &mut Properties, subject: &[(NameComponent, String)]) {
    let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (part, value) in subject {
        parts.entry(part.as_str()).or_default().push(value);
    }
    for (name, values) in parts {
        all.set_text(name, &values.join("\n"));
    }
}

/// Hex with spaces, as the contract writes hashes and key identifiers.
fn spaced_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

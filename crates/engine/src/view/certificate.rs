//! Properties of the certificate, and of the requester in context.

use module::moment::Period;
use module::{HResult, ModuleError, Value};
use pki::{NameComponent, PublicKey};

use super::{Reading, joined, some, spaced_hex, text};
use crate::Request;

impl Reading<'_> {
    pub(super) fn certificate_value(&self, row: &Request, name: &str) -> Result<Value, ModuleError> {
        let issued = row.issued.as_ref();
        match name {
            "RequestID" => Value::long(row.id.0),
            "RawCertificate" => some(row.body.certificate.clone(), name),
            "CertificateHash" => some(issued.map(|issued| spaced_hex(&issued.sha1)), name),
            "CertificateTemplate" => some(row.profile.clone(), name),
            "EnrollmentFlags" | "GeneralFlags" | "PrivateKeyFlags" => {
                let number = row.properties.get(name).and_then(|text| text.parse::<i32>().ok());
                some(number, name)
            }
            "SerialNumber" => some(issued.map(|issued| issued.serial.to_string()), name),
            "IssuerNameId" => some(issued.map(crate::Issued::issuer_name_id), name),
            "NotBefore" => some(row.not_before, name),
            "NotAfter" => some(row.not_after, name),
            "SubjectKeyIdentifier" => some(row.key.as_ref().map(|key| spaced_hex(&key.identifier)), name),
            "RawPublicKey" => Ok(self.public_key(row)?.key_bytes().to_vec().into()),
            "PublicKeyLength" => some(row.key.as_ref().and_then(|key| i32::try_from(key.bits).ok()), name),
            "PublicKeyAlgorithm" => some(row.key.as_ref().map(|key| key.algorithm.clone()), name),
            "RawPublicKeyAlgorithmParameters" => some(self.public_key(row)?.parameters().map(<[u8]>::to_vec), name),
            "PublishExpiredCertInCRL" => Ok(i32::from(row.publish_expired).into()),
            "UPN" => text(&self.principal(row).unwrap_or_default(), name),
            "DistinguishedName" => some(issued.map(|issued| issued.distinguished_name.clone()), name),
            "RawName" => Ok(self.parsed_certificate(row)?.subject().der().to_vec().into()),
            _ => match NameComponent::from_alias(name) {
                Some(part) => joined(
                    row.subject.iter().filter(|(found, _)| *found == part).map(|(_, value)| value.as_str()),
                    name,
                ),
                None => Err(ModuleError::new(HResult::E_UNEXPECTED, format!("{name} is in the table and not read"))),
            },
        }
    }

    pub(super) fn context_value(&self, row: &Request, name: &str) -> Result<Value, ModuleError> {
        let validity = || -> Option<Period> {
            let profile = self.site.config.profiles.get(row.profile.as_deref()?)?;
            Some(profile.validity)
        };
        match name {
            // A request is only taken from somebody who may enrol: the right was checked before the row was made.
            "RequesterCAAccess" => Ok(1.into()),
            "RequesterGroups" => some(row.properties.get(name).cloned(), name),
            "KeyArchived" => Ok(0.into()),
            "ValidityPeriod" => some(validity().map(|period| period.unit.name().to_owned()), name),
            "ValidityPeriodUnits" => some(validity().and_then(|period| i32::try_from(period.units).ok()), name),
            "ExpirationDate" => some(row.not_after, name),
            "UserDN" => text("", name),
            _ => Err(ModuleError::new(HResult::E_UNEXPECTED, format!("{name} is in the table and not read"))),
        }
    }

    /// The certificate's user principal name, or the one that policy has set. Before there is a certificate, where policy has
    /// not spoken: the one that the request asks for, whether or not its alternative names are to count.
    fn principal(&self, row: &Request) -> Option<String> {
        match row.properties.get("UPN") {
            Some(name) => Some(name.clone()),
            None if row.body.certificate.is_some() => None,
            None => pki::extension::user_principal_name(self.parsed_request(row).ok()?.extensions()),
        }
    }

    /// The certificate's key, or the request's where there is none yet.
    fn public_key(&self, row: &Request) -> Result<&PublicKey, ModuleError> {
        match row.body.certificate {
            Some(_) => Ok(self.parsed_certificate(row)?.public_key()),
            None => Ok(self.parsed_request(row)?.public_key()),
        }
    }
}

//! Extensions, of which those are kept that can be written anew without a name.

use module::{CertificateExtension, ExtensionFlags};
use pki::{Extension, GeneralName, ObjectIdentifier, extension, oid};

use super::Redaction;

impl Redaction {
    /// The extensions that are kept, with new values.
    pub(super) fn extensions(&mut self, all: &[CertificateExtension]) -> Vec<CertificateExtension> {
        let anew = |one: &CertificateExtension| {
            let oid: ObjectIdentifier = one.oid.parse().ok()?;
            // The server's own tell of its keys and its machines; what says what the certificate is for does not.
            let own = one.flags.origin() == ExtensionFlags::ORIGIN_SERVER && oid == oid::SUBJECT_ALT_NAME;
            let value = if own { None } else { self.value(oid, &one.value) };
            value.map(|value| CertificateExtension { value, ..one.clone() })
        };
        all.iter().filter_map(anew).collect()
    }

    /// The value of an extension without what may name somebody; none for other extensions, and for bytes of another sort.
    fn value(&mut self, oid: ObjectIdentifier, value: &[u8]) -> Option<Vec<u8>> {
        match oid {
            oid::KEY_USAGE => extension::decode_key_usage(value).ok().map(|_| value.to_vec()),
            oid::BASIC_CONSTRAINTS => extension::decode_basic_constraints(value).ok().map(|_| value.to_vec()),
            oid::EXTENDED_KEY_USAGE => {
                let usages = self.identifiers(extension::decode_extended_key_usage(value).ok()?);
                Some(extension::extended_key_usage(&usages).value)
            }
            // Both have the same form. Their qualifiers are left out: addresses and texts.
            oid::CERTIFICATE_POLICIES | oid::APPLICATION_POLICIES => {
                let policies = self.identifiers(extension::decode_certificate_policies(value).ok()?);
                Some(extension::certificate_policies(&policies).value)
            }
            oid::TEMPLATE_NAME => {
                let name = self.profile(&extension::decode_template_name(value).ok()?);
                extension::template_name(&name).ok().map(|made| made.value)
            }
            oid::TEMPLATE_INFORMATION => {
                let (template, major, minor) = extension::decode_template_information(value).ok()?;
                Some(extension::template_information(&self.identifiers.of(&template), major, minor).value)
            }
            oid::SUBJECT_ALT_NAME => {
                let names = extension::decode_subject_alt_name(value).ok()?;
                let names: Vec<GeneralName> = names.iter().filter_map(|name| self.general_name(name)).collect();
                extension::subject_alt_name(&names).ok().map(|Extension { value, .. }| value)
            }
            _ => None,
        }
    }

    fn identifiers(&mut self, all: Vec<ObjectIdentifier>) -> Vec<ObjectIdentifier> {
        all.iter().map(|one| self.identifiers.of(one)).collect()
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn redaction() -> Redaction {
        Redaction::new("2026-11-22T12:00:00Z".parse().unwrap()).unwrap()
    }

    fn identifier(text: &str) -> ObjectIdentifier {
        text.parse().unwrap()
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
        let mut redaction = redaction();
        assert_eq!(redaction.value(oid::CERTIFICATE_POLICIES, &pointed), Some(policy.value));
        let usage = extension::key_usage(extension::KeyUsage::DIGITAL_SIGNATURE).value;
        assert_eq!(redaction.value(oid::KEY_USAGE, &usage), Some(usage));
        // Whoever asks may give an extension any value.
        for oid in [
            oid::KEY_USAGE,
            oid::EXTENDED_KEY_USAGE,
            oid::BASIC_CONSTRAINTS,
            oid::CERTIFICATE_POLICIES,
            oid::APPLICATION_POLICIES,
            oid::TEMPLATE_NAME,
            oid::TEMPLATE_INFORMATION,
            oid::SUBJECT_ALT_NAME,
        ] {
            assert_eq!(redaction.value(oid, b"alice"), None, "{oid}");
        }
    }

    #[test]
    fn own_identifiers_and_templates_are_the_same_wherever_they_stand() {
        let mut redaction = redaction();
        let (own, template) = (identifier("1.3.6.1.4.1.55555.1"), identifier("1.3.6.1.4.1.311.21.8.7.7"));
        let usages = extension::extended_key_usage(&[oid::SERVER_AUTH, own]).value;
        let usages = redaction.value(oid::EXTENDED_KEY_USAGE, &usages).unwrap();
        let usages = extension::decode_extended_key_usage(&usages).unwrap();
        assert_eq!((usages[0], usages.len()), (oid::SERVER_AUTH, 2));
        assert_ne!(usages[1], own);
        for kind in [oid::CERTIFICATE_POLICIES, oid::APPLICATION_POLICIES] {
            let policies = redaction.value(kind, &extension::certificate_policies(&[own]).value).unwrap();
            assert_eq!(extension::decode_certificate_policies(&policies).unwrap(), [usages[1]]);
        }
        let information = extension::template_information(&template, 100, 3).value;
        let information = redaction.value(oid::TEMPLATE_INFORMATION, &information).unwrap();
        let (found, major, minor) = extension::decode_template_information(&information).unwrap();
        assert_eq!((found.to_string(), major, minor), (redaction.profile(&template.to_string()), 100, 3));
        let name = extension::template_name("Web Server").unwrap().value;
        let name = redaction.value(oid::TEMPLATE_NAME, &name).unwrap();
        assert_eq!(extension::decode_template_name(&name).unwrap(), redaction.profile("web server"));
    }
}

//! Codes, names, keys and extensions in words.

use frontends::model::{Key, Request, RequestBody};
use module::HResult;
use pki::extension as decode;
use pki::{ObjectIdentifier, oid};

use super::output::{Column, STRONG, Table, clean};

/// An HRESULT with its name and meaning, where the contract names it.
pub fn code(code: HResult) -> String {
    match code.describe() {
        Some((name, meaning)) => format!("{code} {name}: {meaning}"),
        None => code.to_string(),
    }
}

/// The subject of a request, or of its certificate once it has one.
pub fn subject(request: &Request) -> String {
    if let Some(certificate) = &request.certificate
        && !certificate.distinguished_name.is_empty()
    {
        return certificate.distinguished_name.clone();
    }
    let parts: Vec<String> = request.subject.iter().map(|part| format!("{}={}", part.name, part.value)).collect();
    if parts.is_empty() && !request.alternative_names.is_empty() {
        return request.alternative_names.clone();
    }
    if parts.is_empty() { "-".into() } else { parts.join(",") }
}

/// A public key in short.
pub fn key(key: &Key) -> String {
    let name = match key.algorithm.as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.10045.2.1" => "EC",
        "1.3.101.112" => "Ed25519",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        other => other,
    };
    format!("{name}, {} bits", key.bits)
}

/// Attributes and extensions of a request.
pub fn body(body: &RequestBody) -> String {
    let mut text = String::new();
    if !body.attributes.is_empty() {
        text.push_str(&format!("\n{STRONG}Attributes{STRONG:#}\n"));
        for attribute in &body.attributes {
            text.push_str(&format!("  {}: {}\n", clean(&attribute.name), clean(&attribute.value)));
        }
    }
    if !body.extensions.is_empty() {
        text.push_str(&format!("\n{STRONG}Extensions{STRONG:#}\n"));
        let mut table =
            Table::new([Column::text("EXTENSION"), Column::text("ORIGIN"), Column::text(""), Column::long("VALUE")]);
        for extension in &body.extensions {
            let mut flags = Vec::new();
            if extension.critical {
                flags.push("critical");
            }
            if extension.disabled {
                flags.push("disabled");
            }
            let (name, value) = self::extension(&extension.oid, &extension.value.0);
            table.row([clean(&name), clean(&extension.origin), flags.join(","), clean(&value)]);
        }
        text.push_str(&table.render(""));
    }
    text
}

/// An extension's name and its value in words; the object identifier and hex where we do not know better.
pub fn extension(oid: &str, value: &[u8]) -> (String, String) {
    let known = ObjectIdentifier::new(oid).ok().and_then(|oid| known(&oid, value));
    match known {
        Some((name, Some(text))) => (name.to_owned(), text),
        Some((name, None)) => (name.to_owned(), hex::encode(value)),
        None => (oid.to_owned(), hex::encode(value)),
    }
}

fn known(id: &ObjectIdentifier, value: &[u8]) -> Option<(&'static str, Option<String>)> {
    Some(match *id {
        oid::SUBJECT_KEY_IDENTIFIER => {
            ("subjectKeyIdentifier", decode::decode_subject_key_identifier(value).ok().map(hex::encode))
        }
        oid::AUTHORITY_KEY_IDENTIFIER => {
            let read = decode::decode_authority_key_identifier(value).ok();
            ("authorityKeyIdentifier", read.and_then(|read| read.key_identifier).map(hex::encode))
        }
        oid::BASIC_CONSTRAINTS => {
            let read = decode::decode_basic_constraints(value).ok().map(|read| match (read.ca, read.path_len) {
                (true, Some(length)) => format!("CA, path length {length}"),
                (true, None) => "CA".to_owned(),
                (false, _) => "no CA".to_owned(),
            });
            ("basicConstraints", read)
        }
        oid::KEY_USAGE => {
            ("keyUsage", decode::decode_key_usage(value).ok().map(|usage| usage.standard_names().join(", ")))
        }
        oid::EXTENDED_KEY_USAGE => {
            let name = |usage: ObjectIdentifier| {
                decode::extended_key_usage_name(&usage).map_or_else(|| usage.to_string(), str::to_owned)
            };
            let read = decode::decode_extended_key_usage(value).ok();
            ("extKeyUsage", read.map(|usages| usages.into_iter().map(name).collect::<Vec<_>>().join(", ")))
        }
        oid::SUBJECT_ALT_NAME => {
            let read = decode::decode_subject_alt_name(value).ok();
            ("subjectAltName", read.map(|names| joined(&names)))
        }
        oid::CRL_DISTRIBUTION_POINTS => {
            ("cRLDistributionPoints", decode::decode_crl_distribution_points(value).ok().map(|urls| joined(&urls)))
        }
        oid::FRESHEST_CRL => {
            ("freshestCRL", decode::decode_crl_distribution_points(value).ok().map(|urls| joined(&urls)))
        }
        oid::AUTHORITY_INFO_ACCESS => {
            let read = decode::decode_authority_info_access(value).ok().map(|access| {
                let issuers = access.ca_issuers.iter().map(|url| format!("caIssuers {url}"));
                let responders = access.ocsp.iter().map(|url| format!("ocsp {url}"));
                issuers.chain(responders).collect::<Vec<_>>().join(", ")
            });
            ("authorityInfoAccess", read)
        }
        oid::CERTIFICATE_POLICIES => {
            ("certificatePolicies", decode::decode_certificate_policies(value).ok().map(|policies| joined(&policies)))
        }
        oid::CA_VERSION => {
            let read = decode::decode_ca_version(value).ok();
            ("caVersion", read.map(|(key, certificate)| format!("key {key}, certificate {certificate}")))
        }
        oid::CRL_NUMBER => ("cRLNumber", decode::decode_crl_number(value).ok().map(|number| number.to_string())),
        oid::DELTA_CRL_INDICATOR => {
            ("deltaCRLIndicator", decode::decode_crl_number(value).ok().map(|base| format!("base {base}")))
        }
        oid::PUBLISHED_CRL_LOCATIONS => {
            ("publishedCRLLocations", decode::decode_crl_distribution_points(value).ok().map(|urls| joined(&urls)))
        }
        oid::CRL_NEXT_PUBLISH => ("crlNextPublish", decode::decode_time(value).ok().map(|at| at.to_string())),
        oid::TEMPLATE_NAME => ("templateName", decode::decode_template_name(value).ok()),
        _ => return None,
    })
}

fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_put_in_words() {
        let usage = decode::key_usage(pki::KeyUsage::DIGITAL_SIGNATURE | pki::KeyUsage::KEY_ENCIPHERMENT);
        for (oid, value, expected) in [
            ("2.5.29.15", usage.value, ("keyUsage", "digitalSignature, keyEncipherment")),
            ("2.5.29.19", decode::basic_constraints(true, Some(0)).value, ("basicConstraints", "CA, path length 0")),
            ("2.5.29.19", vec![1], ("basicConstraints", "01")),
            ("1.2.3", vec![5, 0], ("1.2.3", "0500")),
            ("not an oid", vec![5], ("not an oid", "05")),
        ] {
            assert_eq!(extension(oid, &value), (expected.0.to_owned(), expected.1.to_owned()));
        }
        assert_eq!(code(HResult::E_ACCESSDENIED), "0x80070005 E_ACCESSDENIED: access denied");
    }
}

//! Syntax of general names, RFC 5280 4.2.1.6.

use x509_parser::extensions::GeneralName;

use super::{Findings, Subject, names, oid_text};

/// Checks one name of `field`.
pub(super) fn check(findings: &mut Findings, subject: &Subject<'_>, field: &str, name: &GeneralName<'_>) {
    let rfc = "RFC 5280 4.2.1.6";
    let mut refuse = |code, fault: &str| findings.error(code, rfc, format!("{field}: {fault}"));
    match name {
        GeneralName::DNSName(name) => {
            if let Some(fault) = dns_fault(name, true) {
                refuse("dns_name_syntax", &format!("DNS name {name:?} {fault}"));
            }
        }
        GeneralName::RFC822Name(address) => {
            if let Some(fault) = email_fault(address) {
                refuse("email_syntax", &format!("mail address {address:?} {fault}"));
            }
        }
        GeneralName::URI(uri) => {
            if let Some(fault) = uri_fault(uri) {
                refuse("uri_syntax", &format!("URI {uri:?} {fault}"));
            }
        }
        GeneralName::IPAddress(octets) => {
            if !matches!(octets.len(), 4 | 16) {
                refuse("ip_address_length", &format!("IP address of {} octets", octets.len()));
            }
        }
        GeneralName::OtherName(id, value) => {
            if value.first() != Some(&0xa0) {
                refuse("other_name_form", &format!("value of otherName {} has no tag [0]", oid_text(id)));
            }
        }
        GeneralName::DirectoryName(name) => names::check_name(findings, name, subject.rules.name_lengths),
        GeneralName::RegisteredID(id) => {
            if id.as_bytes().is_empty() {
                refuse("registered_id_empty", "empty registeredID");
            }
        }
        GeneralName::Invalid(tag, _) => {
            refuse("general_name_malformed", &format!("choice [{}] is malformed", tag.0));
        }
        GeneralName::X400Address(_) | GeneralName::EDIPartyName(_) => {}
    }
}

/// The preferred name syntax of RFC 1034 3.5 as RFC 1123 2.1 widened it, and a wildcard as the whole first label
/// (RFC 9525 6.3).
pub(super) fn dns_fault(name: &str, wildcard: bool) -> Option<&'static str> {
    let rest = match name.strip_prefix("*.") {
        Some(rest) if wildcard => rest,
        _ => name,
    };
    if rest.trim().is_empty() {
        return Some("is empty");
    }
    if name.len() > 253 {
        return Some("is longer than 253 octets");
    }
    rest.split('.').find_map(label_fault)
}

fn label_fault(label: &str) -> Option<&'static str> {
    if label.is_empty() {
        Some("has an empty label")
    } else if label.len() > 63 {
        Some("has a label longer than 63 octets")
    } else if label.starts_with('-') || label.ends_with('-') {
        Some("has a label that begins or ends with a hyphen")
    } else if !label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        Some("has characters other than letters, digits and hyphens")
    } else {
        None
    }
}

/// `Local-part "@" Domain` (RFC 5280 4.2.1.6), without display name, comment or brackets.
pub(super) fn email_fault(address: &str) -> Option<&'static str> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some("has no @");
    };
    if !is_local_part(local) {
        return Some("has a bad local part");
    }
    if domain.starts_with('[') {
        return (!domain.ends_with(']')).then_some("has a bad domain literal");
    }
    dns_fault(domain, false)
}

/// RFC 5321 4.1.2: a dot-string, or a quoted string.
fn is_local_part(local: &str) -> bool {
    if local.is_empty() || local.len() > 64 {
        return false;
    }
    if let Some(quoted) = local.strip_prefix('"') {
        let inner = quoted.strip_suffix('"');
        return inner.is_some_and(|text| text.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
    }
    local.split('.').all(|atom| {
        !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    })
}

/// An absolute URI (RFC 5280 4.2.1.6); with an authority, its host is a name or an address.
pub(super) fn uri_fault(uri: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Some("has no scheme");
    };
    let scheme_is_sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !scheme_is_sound {
        return Some("has a bad scheme");
    }
    if rest.is_empty() {
        return Some("has nothing after the scheme");
    }
    if !rest.chars().all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c)) {
        return Some("has characters that must be escaped");
    }
    let authority = rest.strip_prefix("//")?;
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    // ldap:/// and file:/// name no host.
    if authority.is_empty() {
        let hostless = scheme.eq_ignore_ascii_case("ldap") || scheme.eq_ignore_ascii_case("file");
        return (!hostless).then_some("has no host");
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(literal) = host.strip_prefix('[') {
        let address = literal.split_once(']').map(|(address, _)| address);
        let sound = address.is_some_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok());
        return (!sound).then_some("has a bad IPv6 host");
    }
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    if !port.chars().all(|c| c.is_ascii_digit()) {
        return Some("has a bad port");
    }
    dns_fault(host, false).map(|_| "has a host that is neither a name nor an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns() {
        let label = "a".repeat(63);
        let long = [label.as_str(); 4].join(".");
        for (name, sound) in [
            ("example.org", true),
            ("host", true),
            ("*.example.org", true),
            ("1.example.org", true),
            ("xn--bcher-kva.example", true),
            (label.as_str(), true),
            ("", false),
            (" ", false),
            ("*", false),
            ("*.", false),
            ("a.*.org", false),
            ("a*.example.org", false),
            ("example.org.", false),
            (".example.org", false),
            ("-a.org", false),
            ("a-.org", false),
            ("a_b.org", false),
            ("a b.org", false),
            ("bücher.example", false),
            (long.as_str(), false),
            (&"a".repeat(64), false),
        ] {
            assert_eq!(dns_fault(name, true).is_none(), sound, "{name}");
        }
        assert!(dns_fault("*.example.org", false).is_some());
    }

    #[test]
    fn email() {
        for (address, sound) in [
            ("a@example.org", true),
            ("a.b+c@example.org", true),
            ("\"a b\"@example.org", true),
            ("a@[192.0.2.1]", true),
            ("example.org", false),
            ("@example.org", false),
            ("a@", false),
            ("a..b@example.org", false),
            ("A <a@example.org>", false),
            ("a@b@c", false),
            ("a@example_org", false),
        ] {
            assert_eq!(email_fault(address).is_none(), sound, "{address}");
        }
    }

    #[test]
    fn uri() {
        for (uri, sound) in [
            ("http://example.org/x.crl", true),
            ("https://user@example.org:8443/a?b#c", true),
            ("http://192.0.2.1/", true),
            ("http://[2001:db8::1]:80/", true),
            ("ldap:///CN=a,DC=b?certificateRevocationList?base", true),
            ("file:///a", true),
            ("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true),
            ("spiffe://example.org/workload", true),
            ("/relative", false),
            ("example.org", false),
            ("http:", false),
            ("http://", false),
            ("http:///x", false),
            ("http://a b/", false),
            ("http://exa_mple.org/", false),
            ("http://a:b/", false),
            ("http://[::g]/", false),
            ("1http://a/", false),
            ("ldap:///CN=a b", false),
        ] {
            assert_eq!(uri_fault(uri).is_none(), sound, "{uri}");
        }
    }
}

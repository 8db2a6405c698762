//! The sixteen name properties of the module contract, and names made of them.

use std::fmt;

use const_oid::ObjectIdentifier;
use der::Tag;

use super::{Name, attribute};
use crate::{Error, oid};

/// A name property of the module contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameComponent {
    /// commonName, alias `CN`.
    CommonName,
    /// countryName, alias `C`.
    Country,
    /// serialNumber.
    DeviceSerialNumber,
    /// domainComponent, alias `DC`.
    DomainComponent,
    /// emailAddress, alias `E`.
    EMail,
    /// givenName, alias `G`.
    GivenName,
    /// initials, alias `I`.
    Initials,
    /// localityName, alias `L`.
    Locality,
    /// organizationName, aliases `Org` and `O`.
    Organization,
    /// organizationalUnitName, aliases `OrganizationUnit`, `OrganizationalUnit` and `OU`.
    OrgUnit,
    /// stateOrProvinceName, aliases `ST` and `S`.
    State,
    /// streetAddress, alias `Street`.
    StreetAddress,
    /// surname, alias `SN`.
    SurName,
    /// title, alias `T`.
    Title,
    /// unstructuredAddress.
    UnstructuredAddress,
    /// unstructuredName.
    UnstructuredName,
}

/// Whether [`NameComponent::length_max`] is enforced when a name is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameLengths {
    /// Values that are too long are refused.
    Enforced,
    /// Lengths are not checked.
    Unlimited,
}

/// Property, attribute type, longest value in characters, aliases.
///
/// The lengths are the contract's, except that a serial number has the 64 characters of RFC 5280 appendix A.1.
type Row = (NameComponent, &'static str, ObjectIdentifier, usize, &'static [&'static str]);

const TABLE: [Row; 16] = {
    use NameComponent as N;
    [
        (N::CommonName, "CommonName", oid::COMMON_NAME, 64, &["cn"]),
        (N::Country, "Country", oid::COUNTRY, 2, &["c"]),
        (N::DeviceSerialNumber, "DeviceSerialNumber", oid::SERIAL_NUMBER, 64, &[]),
        (N::DomainComponent, "DomainComponent", oid::DOMAIN_COMPONENT, 128, &["dc"]),
        (N::EMail, "EMail", oid::EMAIL_ADDRESS, 128, &["e"]),
        (N::GivenName, "GivenName", oid::GIVEN_NAME, 16, &["g"]),
        (N::Initials, "Initials", oid::INITIALS, 5, &["i"]),
        (N::Locality, "Locality", oid::LOCALITY, 128, &["l"]),
        (N::Organization, "Organization", oid::ORGANIZATION, 64, &["org", "o"]),
        (N::OrgUnit, "OrgUnit", oid::ORGANIZATIONAL_UNIT, 64, &["organizationunit", "organizationalunit", "ou"]),
        (N::State, "State", oid::STATE, 128, &["st", "s"]),
        (N::StreetAddress, "StreetAddress", oid::STREET, 30, &["street"]),
        (N::SurName, "SurName", oid::SURNAME, 40, &["sn"]),
        (N::Title, "Title", oid::TITLE, 64, &["t"]),
        (N::UnstructuredAddress, "UnstructuredAddress", oid::UNSTRUCTURED_ADDRESS, 1024, &[]),
        (N::UnstructuredName, "UnstructuredName", oid::UNSTRUCTURED_NAME, 1024, &[]),
    ]
};

impl NameComponent {
    /// Every name property, alphabetically.
    pub const ALL: [Self; 16] = [
        Self::CommonName,
        Self::Country,
        Self::DeviceSerialNumber,
        Self::DomainComponent,
        Self::EMail,
        Self::GivenName,
        Self::Initials,
        Self::Locality,
        Self::Organization,
        Self::OrgUnit,
        Self::State,
        Self::StreetAddress,
        Self::SurName,
        Self::Title,
        Self::UnstructuredAddress,
        Self::UnstructuredName,
    ];

    /// The contract's default subject template, most specific first.
    pub const DEFAULT_ORDER: [Self; 8] = [
        Self::EMail,
        Self::CommonName,
        Self::OrgUnit,
        Self::Organization,
        Self::Locality,
        Self::State,
        Self::DomainComponent,
        Self::Country,
    ];

    /// The property of a name, alias or dotted OID; spaces, hyphens and case are ignored.
    ///
    /// The prefixes `Subject.` and `Request.` are not taken off here.
    #[must_use]
    pub fn from_alias(text: &str) -> Option<Self> {
        let bare: String = text.chars().filter(|c| *c != ' ' && *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        TABLE
            .iter()
            .find(|(_, name, _, _, aliases)| name.eq_ignore_ascii_case(&bare) || aliases.contains(&bare.as_str()))
            .map(|row| row.0)
            .or_else(|| Self::from_oid(&ObjectIdentifier::new(&bare).ok()?))
    }

    /// The property of an attribute type.
    #[must_use]
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == *oid).map(|row| row.0)
    }

    /// The property's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The attribute type.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        self.row().2
    }

    /// Longest value, in characters.
    #[must_use]
    pub fn length_max(self) -> usize {
        self.row().3
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).expect("the table has a row for each property")
    }
}

impl fmt::Display for NameComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// See [`Name::from_components`].
pub(super) fn build(
    order: &[NameComponent],
    values: &[(NameComponent, String)],
    lengths: NameLengths,
) -> Result<Name, Error> {
    let mut rdns = Vec::new();
    for component in order {
        let texts = values
            .iter()
            .filter(|(c, _)| c == component)
            .flat_map(|(_, text)| text.split('\n'))
            .map(str::trim)
            .filter(|text| !text.is_empty());
        for text in texts {
            if lengths == NameLengths::Enforced {
                check_length(*component, text)?;
            }
            let oid = component.oid();
            let tag = string_type(&oid, text)?;
            rdns.push(vec![attribute(&oid, tag, text.as_bytes())]);
        }
    }
    rdns.reverse();
    Name::from_rdns(rdns)
}

fn check_length(component: NameComponent, text: &str) -> Result<(), Error> {
    let len = text.chars().count();
    let max = component.length_max();
    if len > max {
        return Err(Error::unencodable(component.as_str(), format!("{len} characters, more than {max}")));
    }
    if component == NameComponent::Country && len != max {
        return Err(Error::unencodable(component.as_str(), "not two letters"));
    }
    Ok(())
}

/// The string type an attribute's value is written in: PrintableString or IA5String where the attribute's syntax
/// demands it (RFC 5280 appendix A.1, RFC 2985 5.2), else UTF8String (RFC 5280 4.1.2.4).
///
/// # Errors
/// [`Error::Unencodable`] when the text has characters that the type does not.
pub(super) fn string_type(oid: &ObjectIdentifier, text: &str) -> Result<Tag, Error> {
    let (tag, fits) = match *oid {
        oid::COUNTRY | oid::SERIAL_NUMBER | oid::DN_QUALIFIER => (Tag::PrintableString, text.chars().all(is_printable)),
        oid::DOMAIN_COMPONENT | oid::EMAIL_ADDRESS => (Tag::Ia5String, text.is_ascii()),
        oid::UNSTRUCTURED_NAME if text.is_ascii() => (Tag::Ia5String, true),
        _ => (Tag::Utf8String, true),
    };
    if fits {
        Ok(tag)
    } else {
        Err(Error::unencodable("name attribute", format!("{text:?} is not a {tag} as {oid} must be")))
    }
}

/// The alphabet of PrintableString, X.680 41.4.
pub(crate) fn is_printable(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '\'' | '(' | ')' | '+'..='/' | ':' | '=' | '?')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use NameComponent as N;

    fn build_default(values: &[(N, &str)], lengths: NameLengths) -> Result<String, Error> {
        let values: Vec<_> = values.iter().map(|(c, v)| (*c, v.to_string())).collect();
        build(&N::DEFAULT_ORDER, &values, lengths).map(|name| name.to_string())
    }

    #[test]
    fn aliases() {
        for (text, want) in [
            ("CommonName", Some(N::CommonName)),
            ("cn", Some(N::CommonName)),
            ("Common-Name", Some(N::CommonName)),
            ("organizational unit", Some(N::OrgUnit)),
            ("S", Some(N::State)),
            ("ORG", Some(N::Organization)),
            ("Email", Some(N::EMail)),
            ("e", Some(N::EMail)),
            ("2.5.4.5", Some(N::DeviceSerialNumber)),
            ("1.2.840.113549.1.9.2", Some(N::UnstructuredName)),
            ("2.5.4.99", None),
            ("", None),
            ("Subject.CN", None),
        ] {
            assert_eq!(N::from_alias(text), want, "{text}");
        }
        for component in N::ALL {
            assert_eq!(N::from_alias(component.as_str()), Some(component));
            assert_eq!(N::from_alias(&component.oid().to_string()), Some(component));
        }
    }

    #[test]
    fn template_order() {
        let name = build_default(
            &[
                (N::Country, "DE"),
                (N::CommonName, " host \n"),
                (N::OrgUnit, "inner\nouter"),
                (N::Organization, ""),
                (N::Title, "not in the template"),
                (N::DomainComponent, "example\norg"),
                (N::EMail, "a@example.org"),
            ],
            NameLengths::Enforced,
        )
        .unwrap();
        assert_eq!(name, "emailAddress=a@example.org,CN=host,OU=inner,OU=outer,DC=example,DC=org,C=DE");
        let back = Name::parse(&name).unwrap();
        let again = Name::from_components(&N::DEFAULT_ORDER, &back.components(), NameLengths::Enforced);
        assert_eq!(again.unwrap(), back);
        assert_eq!(back.component(N::OrgUnit), ["inner", "outer"]);
        // Country is the first RDN of the DER.
        assert_eq!(back.rdns().first().unwrap().first().unwrap().oid, oid::COUNTRY);
    }

    #[test]
    fn string_types() {
        let values = [
            (N::Country, "DE".to_string()),
            (N::DeviceSerialNumber, "A-1".to_string()),
            (N::DomainComponent, "x".to_string()),
            (N::EMail, "a@b".to_string()),
            (N::CommonName, "plain".to_string()),
            (N::UnstructuredName, "plain".to_string()),
            (N::UnstructuredAddress, "plain".to_string()),
        ];
        let name = Name::from_components(&N::ALL, &values, NameLengths::Enforced).unwrap();
        for attribute in name.rdns().into_iter().flatten() {
            let want = match NameComponent::from_oid(&attribute.oid).unwrap() {
                N::Country | N::DeviceSerialNumber => Tag::PrintableString,
                N::DomainComponent | N::EMail | N::UnstructuredName => Tag::Ia5String,
                _ => Tag::Utf8String,
            };
            assert_eq!(attribute.tag, want, "{}", attribute.oid);
        }
    }

    #[test]
    fn refused_values() {
        let long = "x".repeat(65);
        for (component, text) in [(N::Country, "DEU"), (N::Country, "D"), (N::CommonName, long.as_str())] {
            assert!(build_default(&[(component, text)], NameLengths::Enforced).is_err());
            assert!(build_default(&[(component, text)], NameLengths::Unlimited).is_ok());
        }
        for (component, text) in [(N::Country, "Ä"), (N::EMail, "ä@b"), (N::DomainComponent, "ä")] {
            assert!(build_default(&[(component, text)], NameLengths::Unlimited).is_err());
        }
        // 64 characters, not bytes.
        let umlauts = "ä".repeat(64);
        assert!(build_default(&[(N::CommonName, &umlauts)], NameLengths::Enforced).is_ok());
    }
}

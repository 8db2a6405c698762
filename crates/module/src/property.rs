//! The property names of the contract: one table, used by the engine, the hosts and the documentation.
//!
//! A name means different things in different scopes: `CommonName` is a part of the request's subject when read with
//! `GetRequestProperty`, and of the certificate's when read with `GetCertificateProperty`.

mod amendment;
mod encoding;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use amendment::{Amendment, ValidityLimits};
pub use encoding::{decode_extension, encode_extension};
pub use table::PROPERTIES;

use crate::{ModuleError, PropertyType, Role, Value, nearest};

/// Where a property belongs, and so which call reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A column of the request: `GetRequestProperty`.
    Request,
    /// A column of the certificate: `GetCertificateProperty`.
    Certificate,
    /// The certification authority: `GetCertificateProperty`, in every context.
    Ca,
    /// The certification authority, with an optional CA certificate index: `RawCRL.0`.
    CaIndexed,
    /// The requester and the request in context: `GetCertificateProperty`, with a request in context.
    Context,
}

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Request, Self::Certificate, Self::Ca, Self::CaIndexed, Self::Context];

    /// The heading of the documentation.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Request => "Request properties (GetRequestProperty)",
            Self::Certificate => "Certificate properties (GetCertificateProperty)",
            Self::Ca => "Properties of the certification authority (GetCertificateProperty, every context)",
            Self::CaIndexed => {
                "Indexed properties of the certification authority (`Name` or `Name.<CA certificate index>`)"
            }
            Self::Context => "Properties of the requester (GetCertificateProperty, with a request in context)",
        }
    }
}

/// Who may do what with a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Neither read nor written.
    None,
    /// Read.
    Read,
    /// Read and written with `SetCertificateProperty`.
    ReadWrite,
    /// Written only.
    Write,
}

impl Access {
    /// `read`, `read, write`, `write` or a dash.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Read => "read",
            Self::ReadWrite => "read, write",
            Self::Write => "write",
        }
    }
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// The canonical name.
    pub name: &'static str,
    /// Its type.
    pub kind: PropertyType,
    /// Where it belongs.
    pub scope: Scope,
    /// What a policy module may do.
    pub policy: Access,
    /// What an exit module may do.
    pub exit: Access,
    /// The most bytes of a value; 0 where the type says it.
    pub bytes_max: u32,
    /// Why it never has a value here; none where it is supported.
    pub unsupported: Option<&'static str>,
    /// What it is.
    pub meaning: &'static str,
}

impl Property {
    /// Whether a module of this role reads it as this type.
    ///
    /// # Errors
    /// `E_INVALIDARG` for another type; `CERTSRV_E_PROPERTY_EMPTY` where such a module may not read it, or it never has a value.
    pub fn check_read(&self, role: Role, kind: PropertyType) -> Result<(), ModuleError> {
        self.check_type(kind)?;
        let access = if role == Role::Policy { self.policy } else { self.exit };
        if matches!(access, Access::None | Access::Write) {
            return Err(ModuleError::empty(self.name));
        }
        match self.unsupported {
            Some(why) => Err(ModuleError::empty(&format!("{} ({why})", self.name))),
            None => Ok(()),
        }
    }

    fn check_type(&self, kind: PropertyType) -> Result<(), ModuleError> {
        if self.kind == kind {
            return Ok(());
        }
        Err(ModuleError::invalid(format!("{} is a {}, not a {kind}", self.name, self.kind)))
    }
}

/// What a module's call reads.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// A property of the request.
    Request(&'static Property),
    /// A property of the certificate or the authority, and the CA certificate index it carries.
    Certificate(&'static Property, Option<usize>),
}

/// What `GetRequestProperty` reads by this name.
///
/// # Errors
/// `E_INVALIDARG` for a name that is no property.
pub fn asked_of_request(name: &str) -> Result<Asked, ModuleError> {
    // Documented as a request property too.
    if name.to_ascii_lowercase().starts_with("rawcacertificate") {
        return asked_of_certificate(name);
    }
    let unknown = || ModuleError::invalid(format!("`{name}` is not a request property{}", question(name)));
    request_property(name).map(Asked::Request).ok_or_else(unknown)
}

/// What `GetCertificateProperty` reads by this name.
///
/// # Errors
/// `E_INVALIDARG` for a name that is no property.
pub fn asked_of_certificate(name: &str) -> Result<Asked, ModuleError> {
    let Some((property, index)) = certificate_property(name) else {
        // Modules ask for request columns here too, with and without the database's prefix.
        if request_property(name).is_some() {
            return asked_of_request(name);
        }
        return Err(ModuleError::invalid(format!("`{name}` is not a certificate property{}", question(name))));
    };
    if name.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("Request.")) {
        return asked_of_request(name);
    }
    Ok(Asked::Certificate(property, index))
}

/// What `SetCertificateProperty` sets by this name.
///
/// # Errors
/// `E_INVALIDARG` for a name that cannot be set, and a value of another type.
pub fn writable(name: &str, value: Option<&Value>) -> Result<&'static Property, ModuleError> {
    let (property, index) = certificate_property(name).ok_or_else(|| not_writable(name))?;
    // ExpirationDate is another name of NotAfter, for modules that set it.
    let expiration = property.name == "ExpirationDate";
    let audit = property.name == AUDIT_PARAMETER;
    if index.is_some() && !audit || !(expiration || matches!(property.policy, Access::ReadWrite | Access::Write)) {
        return Err(not_writable(name));
    }
    match value {
        // What an audit event consists of is of any type.
        Some(value) if !audit => property.check_type(value.kind()).map(|()| property),
        _ => Ok(property),
    }
}

/// The error of a name that `SetCertificateProperty` does not take.
pub fn not_writable(name: &str) -> ModuleError {
    ModuleError::invalid(format!("`{name}` is not a property that can be set"))
}

static BY_NAME: LazyLock<HashMap<(bool, String), &'static Property>> = LazyLock::new(|| {
    PROPERTIES
        .iter()
        .map(|property| ((property.scope == Scope::Request, property.name.to_ascii_lowercase()), property))
        .collect()
});

/// The one property that is written with an index, which is the number of a parameter.
const AUDIT_PARAMETER: &str = "SEAuditId";

/// The longest property name that is looked up; longer ones are unknown.
const NAME_BYTES_MAX: usize = 128;

fn lookup(request: bool, name: &str) -> Option<&'static Property> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    BY_NAME.get(&(request, name.to_ascii_lowercase())).copied()
}

fn strip_prefix<'a>(name: &'a str, prefix: &str) -> &'a str {
    match name.get(..prefix.len()) {
        Some(head) if head.eq_ignore_ascii_case(prefix) => name.get(prefix.len()..).unwrap_or(name),
        _ => name,
    }
}

/// The request property with this name: bare, with the database prefix `Request.`, or a subject part with `Subject.`
/// or one of its aliases (`CN`, `2.5.4.3`).
pub fn request_property(name: &str) -> Option<&'static Property> {
    let name = strip_prefix(name, "Request.");
    lookup(true, name).or_else(|| lookup(true, subject_part(name)?))
}

/// The property that `GetCertificateProperty` reads by this name, and the CA certificate index it carries (of `SEAuditId`, which
/// is only written, the number of the parameter).
///
/// Names of the request with their `Request.` prefix are not among them: see [`request_property`].
pub fn certificate_property(name: &str) -> Option<(&'static Property, Option<usize>)> {
    if let Some(property) = lookup(false, name) {
        return Some((property, None));
    }
    if let Some((stem, digits)) = name.rsplit_once('.')
        && let Some(property) = lookup(false, stem)
        && (property.scope == Scope::CaIndexed || property.name == AUDIT_PARAMETER)
    {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        return plain.then(|| digits.parse().ok().map(|index| (property, Some(index)))).flatten();
    }
    lookup(false, subject_part(name)?).map(|property| (property, None))
}

/// ` (is it NAME?)` where a name that is no property is a slip of one; else nothing.
pub fn question(name: &str) -> String {
    let names = PROPERTIES.iter().map(|property| property.name);
    nearest::question(name, names.chain(table::SUBJECT_PARTS.iter().map(|part| part.name)))
}

/// The canonical name of a subject name part: `Subject.CommonName`, `CN` and `2.5.4.3` are all `CommonName`.
pub fn subject_part(name: &str) -> Option<&'static str> {
    let bare = strip_prefix(name, "Subject.");
    let canonical = |wanted: &str| table::SUBJECT_PARTS.iter().find(|part| part.name.eq_ignore_ascii_case(wanted));
    if bare.len() != name.len() {
        return canonical(bare).map(|part| part.name);
    }
    canonical(bare)
        .or_else(|| {
            table::SUBJECT_PARTS
                .iter()
                .find(|part| part.oid == bare || part.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(bare)))
        })
        .map(|part| part.name)
}

/// The most characters of one value of a subject name part, by its canonical name: the contract's, but for a serial number, which
/// has 64 and not 1,024 (RFC 5280 appendix A.1).
pub fn subject_part_characters_max(name: &str) -> Option<usize> {
    table::SUBJECT_PARTS.iter().find(|part| part.name == name).map(|part| part.characters_max)
}

/// A name without the differences that attribute names do not make: case, spaces, hyphens.
pub fn attribute_key(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-')).flat_map(char::to_lowercase).collect()
}

/// The table as the documentation shows it, in Markdown.
pub fn markdown() -> String {
    use std::fmt::Write;

    let mut page = String::new();
    for scope in Scope::ALL {
        let _ = write!(page, "## {}\n\n", scope.title());
        page.push_str("| Name | Type | Policy modules | Exit modules | Meaning |\n|---|---|---|---|---|\n");
        for property in PROPERTIES.iter().filter(|property| property.scope == scope) {
            let support = property.unsupported.map(|why| format!(" **Never has a value:** {why}.")).unwrap_or_default();
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {}.{} |",
                property.name,
                property.kind,
                property.policy.name(),
                property.exit.name(),
                property.meaning,
                support
            );
        }
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_are_found_as_modules_write_them() {
        for name in ["RequestID", "requestid", "Request.RequestId", "REQUEST.REQUESTID"] {
            assert_eq!(request_property(name).unwrap().name, "RequestID", "{name}");
        }
        for name in ["CommonName", "Subject.CommonName", "CN", "2.5.4.3", "subject.commonname", "Request.CommonName"] {
            assert_eq!(request_property(name).unwrap().name, "CommonName", "{name}");
        }
        for (name, canonical, index) in [
            ("RawCRL.0", "RawCRL", Some(0)),
            ("rawcrl", "RawCRL", None),
            ("CRLState.12", "CRLState", Some(12)),
            ("PrivatekeyFlags", "PrivateKeyFlags", None),
            ("Subject.OrgUnit", "OrgUnit", None),
            ("OU", "OrgUnit", None),
        ] {
            let (property, found) = certificate_property(name).unwrap();
            assert_eq!((property.name, found), (canonical, index), "{name}");
        }
        for name in ["CertCount.0", "RawCRL.", "RawCRL.x", "RawCRL.-1", "RawCRL.+1", "Subject.CN", "Nonsense", ""] {
            assert!(certificate_property(name).is_none(), "{name}");
        }
    }

    #[test]
    fn parts_of_a_subject_are_as_long_as_certificates_take_them() {
        for part in pki::NameComponent::ALL {
            assert_eq!(subject_part(&part.oid().to_string()), Some(part.as_str()));
            assert_eq!(subject_part_characters_max(part.as_str()), Some(part.length_max()), "{part}");
        }
    }

    #[test]
    fn no_name_stands_twice_in_what_one_call_reads() {
        assert_eq!(BY_NAME.len(), PROPERTIES.len());
    }

    #[test]
    fn attribute_names_lose_case_spaces_and_hyphens() {
        assert_eq!(attribute_key("Certificate-Template "), attribute_key("certificatetemplate"));
    }
}

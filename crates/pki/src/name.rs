//! Distinguished names.
use crate::Error;
use std::{fmt, sync::Arc};

/// A distinguished name, in DER. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(Arc<[u8]>);

impl Name {
    /// The empty name.
    pub fn empty() -> Self { Self([0x30, 0].as_slice().into()) }
    /// Parses a DER `Name`.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> { Ok(Self(der.into())) }
    /// Parses the text form of RFC 4514.
    pub fn parse(_text: &str) -> Result<Self, Error> { Err(Error::Unsupported("name".into())) }
    /// The DER.
    pub fn der(&self) -> &[u8] { &self.0 }
    /// Whether there is no RDN.
    pub fn is_empty(&self) -> bool { self.0.len() == 2 }
    /// The contract's name properties, most specific first (the order of the text form).
    pub fn components(&self) -> Vec<(NameComponent, String)> { Vec::new() }
    /// Builds a name; `order` is most specific first, as SubjectTemplate has it; newlines separate several values.
    pub fn from_components(_order: &[NameComponent], _values: &[(NameComponent, String)], _lengths: NameLengths) -> Result<Self, Error> { Err(Error::Unsupported("name".into())) }
    /// Whether both name the same entity (RFC 5280 7.1).
    pub fn matches(&self, _other: &Name) -> bool { false }
}

impl fmt::Display for Name { fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result { Ok(()) } }
impl std::str::FromStr for Name { type Err = Error; fn from_str(t: &str) -> Result<Self, Error> { Self::parse(t) } }

/// Whether the length limits of X.520 and of the contract are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameLengths {
    /// Enforced.
    Enforced,
    /// Not checked.
    Unlimited,
}

/// The sixteen name properties of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum NameComponent {
    CommonName, Country, DeviceSerialNumber, DomainComponent, EMail, GivenName, Initials, Locality, Organization,
    OrgUnit, State, StreetAddress, SurName, Title, UnstructuredAddress, UnstructuredName,
}
impl NameComponent {
    /// By property name, alias or OID text; spaces, hyphens and case ignored.
    pub fn from_alias(_text: &str) -> Option<Self> { None }
    /// The property name.
    pub fn as_str(self) -> &'static str { "" }
    /// The attribute type.
    pub fn oid(self) -> crate::ObjectIdentifier { crate::oid::COMMON_NAME }
    /// Longest value, in characters.
    pub fn length_max(self) -> usize { 0 }
    /// The default SubjectTemplate.
    pub const DEFAULT_ORDER: [Self; 8] = [Self::EMail, Self::CommonName, Self::OrgUnit, Self::Organization, Self::Locality, Self::State, Self::DomainComponent, Self::Country];
}

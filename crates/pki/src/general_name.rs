//! General names, RFC 5280 4.2.1.6.
use crate::{Error, Name, ObjectIdentifier};
use std::{fmt, net::IpAddr, str::FromStr};

/// A general name. Text form: `dns:example.org`, `ip:192.0.2.1`, `email:…`, `uri:…`, `upn:…`, `dn:…`, `rid:…`, `other:OID;HEX`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// dNSName.
    Dns(String),
    /// iPAddress.
    Ip(IpAddr),
    /// iPAddress with a mask, as name constraints have it.
    IpRange {
        /// Network address.
        address: IpAddr,
        /// Mask, of the same family.
        mask: IpAddr,
    },
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// otherName with a user principal name.
    Upn(String),
    /// directoryName.
    Directory(Name),
    /// registeredID.
    RegisteredId(ObjectIdentifier),
    /// Any other otherName; `value` is the DER inside the explicit tag.
    Other {
        /// The type.
        type_id: ObjectIdentifier,
        /// DER of the value.
        value: Vec<u8>,
    },
    /// x400Address or ediPartyName: the whole DER, kept as it is.
    Opaque(Vec<u8>),
}
impl GeneralName {
    /// Parses one DER `GeneralName`.
    pub fn from_der(_der: &[u8]) -> Result<Self, Error> { Err(Error::Unsupported("general name".into())) }
    /// The DER.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> { Err(Error::Unsupported("general name".into())) }
}
impl fmt::Display for GeneralName { fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result { Ok(()) } }
impl FromStr for GeneralName { type Err = Error; fn from_str(_t: &str) -> Result<Self, Error> { Err(Error::Unsupported("general name".into())) } }

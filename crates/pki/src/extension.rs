//! Extensions: the type, and a builder and a decoder for each that we write or read.
use crate::{Error, GeneralName, Name, ObjectIdentifier, Serial};
use jiff::Timestamp;
use std::net::IpAddr;

/// An extension of a certificate, request, CRL or CRL entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// extnID.
    pub oid: ObjectIdentifier,
    /// critical.
    pub critical: bool,
    /// The DER inside the OCTET STRING.
    pub value: Vec<u8>,
}
bitflags::bitflags! {
    /// Key usage bits, RFC 5280 4.2.1.3. Bit n of the value is bit n of the BIT STRING.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct KeyUsage: u16 {
        /// digitalSignature.
        const DIGITAL_SIGNATURE = 1;
        /// nonRepudiation (contentCommitment).
        const NON_REPUDIATION = 1 << 1;
        /// keyEncipherment.
        const KEY_ENCIPHERMENT = 1 << 2;
        /// dataEncipherment.
        const DATA_ENCIPHERMENT = 1 << 3;
        /// keyAgreement.
        const KEY_AGREEMENT = 1 << 4;
        /// keyCertSign.
        const KEY_CERT_SIGN = 1 << 5;
        /// cRLSign.
        const CRL_SIGN = 1 << 6;
        /// encipherOnly.
        const ENCIPHER_ONLY = 1 << 7;
        /// decipherOnly.
        const DECIPHER_ONLY = 1 << 8;
    }
}
/// Basic constraints, RFC 5280 4.2.1.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_len: Option<u32>,
}
/// Authority key identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityKeyIdentifier {
    /// keyIdentifier.
    pub key_identifier: Option<Vec<u8>>,
    /// authorityCertIssuer.
    pub issuer: Vec<GeneralName>,
    /// authorityCertSerialNumber.
    pub serial: Option<Serial>,
}
/// Authority information access.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityInfoAccess {
    /// URLs of certificates of the issuer.
    pub ca_issuers: Vec<String>,
    /// URLs of OCSP responders.
    pub ocsp: Vec<String>,
}
/// Name constraints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameConstraints {
    /// permittedSubtrees.
    pub permitted: Vec<GeneralName>,
    /// excludedSubtrees.
    pub excluded: Vec<GeneralName>,
}
/// Issuing distribution point.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuingDistributionPoint {
    /// distributionPoint fullName, URLs.
    pub urls: Vec<String>,
    /// onlyContainsUserCerts.
    pub only_user_certs: bool,
    /// onlyContainsCACerts.
    pub only_ca_certs: bool,
    /// indirectCRL.
    pub indirect: bool,
}
fn none<T>() -> Result<T, Error> { Err(Error::Unsupported("extension".into())) }

/// Critical iff cA (RFC 5280 4.2.1.9).
pub fn basic_constraints(_ca: bool, _path_len: Option<u32>) -> Extension { empty() }
/// Critical (RFC 5280 4.2.1.3).
pub fn key_usage(_usage: KeyUsage) -> Extension { empty() }
/// Not critical.
pub fn extended_key_usage(_usages: &[ObjectIdentifier]) -> Extension { empty() }
/// Not critical; set `critical` when the subject is empty.
pub fn subject_alt_name(_names: &[GeneralName]) -> Result<Extension, Error> { none() }
/// Not critical.
pub fn subject_key_identifier(_id: &[u8]) -> Extension { empty() }
/// Not critical.
pub fn authority_key_identifier(_key_id: Option<&[u8]>, _issuer: Option<&Name>, _serial: Option<&Serial>) -> Extension { empty() }
/// One distribution point with all URLs. Not critical.
pub fn crl_distribution_points(_urls: &[String]) -> Result<Extension, Error> { none() }
/// Same form as CDP. Not critical.
pub fn freshest_crl(_urls: &[String]) -> Result<Extension, Error> { none() }
/// Published CRL locations. Not critical.
pub fn published_crl_locations(_urls: &[String]) -> Result<Extension, Error> { none() }
/// Not critical.
pub fn authority_info_access(_ca_issuers: &[String], _ocsp: &[String]) -> Result<Extension, Error> { none() }
/// Not critical.
pub fn certificate_policies(_policies: &[ObjectIdentifier]) -> Extension { empty() }
/// Critical.
pub fn name_constraints(_constraints: &NameConstraints) -> Result<Extension, Error> { none() }
/// Not critical.
pub fn crl_number(_number: u64) -> Extension { empty() }
/// Critical.
pub fn delta_crl_indicator(_base: u64) -> Extension { empty() }
/// Critical.
pub fn issuing_distribution_point(_point: &IssuingDistributionPoint) -> Result<Extension, Error> { none() }
/// Key index high, certificate index low.
pub fn ca_version(_key_index: u16, _cert_index: u16) -> Extension { empty() }
/// SHA-1 of the previous CA certificate.
pub fn previous_ca_certificate_hash(_sha1: &[u8]) -> Extension { empty() }
/// When the next CRL is published.
pub fn crl_next_publish(_at: Timestamp) -> Result<Extension, Error> { none() }
/// Version 1 template name, a BMPString.
pub fn template_name(_name: &str) -> Result<Extension, Error> { none() }
/// Version 2 template information.
pub fn template_information(_template: &ObjectIdentifier, _major: u32, _minor: u32) -> Extension { empty() }
fn empty() -> Extension { Extension { oid: crate::oid::KEY_USAGE, critical: false, value: Vec::new() } }

/// See [`basic_constraints`].
pub fn decode_basic_constraints(_value: &[u8]) -> Result<BasicConstraints, Error> { none() }
/// See [`key_usage`].
pub fn decode_key_usage(_value: &[u8]) -> Result<KeyUsage, Error> { none() }
/// See [`extended_key_usage`].
pub fn decode_extended_key_usage(_value: &[u8]) -> Result<Vec<ObjectIdentifier>, Error> { none() }
/// See [`subject_alt_name`].
pub fn decode_subject_alt_name(_value: &[u8]) -> Result<Vec<GeneralName>, Error> { none() }
/// See [`subject_key_identifier`].
pub fn decode_subject_key_identifier(_value: &[u8]) -> Result<Vec<u8>, Error> { none() }
/// See [`authority_key_identifier`].
pub fn decode_authority_key_identifier(_value: &[u8]) -> Result<AuthorityKeyIdentifier, Error> { none() }
/// See [`crl_distribution_points`]: all URLs of all points. Also for freshest CRL.
pub fn decode_crl_distribution_points(_value: &[u8]) -> Result<Vec<String>, Error> { none() }
/// See [`authority_info_access`].
pub fn decode_authority_info_access(_value: &[u8]) -> Result<AuthorityInfoAccess, Error> { none() }
/// See [`certificate_policies`].
pub fn decode_certificate_policies(_value: &[u8]) -> Result<Vec<ObjectIdentifier>, Error> { none() }
/// See [`name_constraints`].
pub fn decode_name_constraints(_value: &[u8]) -> Result<NameConstraints, Error> { none() }
/// See [`crl_number`] and [`delta_crl_indicator`].
pub fn decode_crl_number(_value: &[u8]) -> Result<u64, Error> { none() }
/// See [`issuing_distribution_point`].
pub fn decode_issuing_distribution_point(_value: &[u8]) -> Result<IssuingDistributionPoint, Error> { none() }
/// See [`ca_version`]: (key index, certificate index).
pub fn decode_ca_version(_value: &[u8]) -> Result<(u16, u16), Error> { none() }
/// See [`template_name`].
pub fn decode_template_name(_value: &[u8]) -> Result<String, Error> { none() }
/// See [`template_information`]: template, major, minor.
pub fn decode_template_information(_value: &[u8]) -> Result<(ObjectIdentifier, u32, u32), Error> { none() }

/// The OID of a well-known extended key usage by name (`serverAuth`, …) or dotted text.
pub fn extended_key_usage_oid(_name: &str) -> Option<ObjectIdentifier> { None }
/// The well-known name of an extended key usage.
pub fn extended_key_usage_name(_oid: &ObjectIdentifier) -> Option<&'static str> { None }

/// DER INTEGER of a PROPTYPE_LONG value.
pub fn encode_integer(_value: i32) -> Vec<u8> { Vec::new() }
/// DER INTEGER as a PROPTYPE_LONG value.
pub fn decode_integer(_der: &[u8]) -> Result<i32, Error> { none() }
/// UTCTime through 2049, GeneralizedTime from 2050.
pub fn encode_time(_at: Timestamp) -> Result<Vec<u8>, Error> { none() }
/// UTCTime or GeneralizedTime.
pub fn decode_time(_der: &[u8]) -> Result<Timestamp, Error> { none() }
/// IA5String.
pub fn encode_ia5(_text: &str) -> Result<Vec<u8>, Error> { none() }
/// IA5String.
pub fn decode_ia5(_der: &[u8]) -> Result<String, Error> { none() }
fn _unused(_: IpAddr) {}

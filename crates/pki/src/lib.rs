//! X.509 certificates, PKCS#10 requests and CRLs: parse, build, lint, verify.
//!
//! This crate turns bytes into values and values into bytes, and says whether they keep RFC 5280. It knows no
//! clock, no private key, no file and no network: whoever calls it brings the time, the random serial number
//! and the signature. Verifying a signature needs a public key only and is done here.
//!
//! Where to start: [`CertificationRequest`] is what comes in, [`TbsCertificate`] and [`assemble`] are how a
//! certificate goes out, [`lint`] checks the bytes in between with a second, independent parser, and
//! [`CrlHeader`] with [`encode_entry`] writes a revocation list of any size in constant memory.
//!
//! Every parser here takes foreign bytes, never panics, and has limits (see [`limits`]).

mod algorithm;
mod armor;
mod certificate;
mod crl;
mod csr_build;
mod error;
pub mod extension;
mod fingerprint;
mod general_name;
pub mod limits;
mod lint;
mod name;
pub mod oid;
mod public_key;
mod read;
mod request;
mod serial;
mod signed;
mod time;
mod write;

pub use algorithm::{Digest, KeyAlgorithm, SignatureAlgorithm};
pub use armor::may_hold_private_key;
pub use certificate::{Certificate, TbsCertificate};
pub use const_oid::ObjectIdentifier;
pub use crl::{CertificateList, CrlEntries, CrlEntry, CrlHeader, encode_entry, outer_prefix};
pub use csr_build::certification_request_info;
pub use error::Error;
pub use extension::{BasicConstraints, Extension, KeyUsage};
pub use fingerprint::{sha1, sha256};
pub use general_name::GeneralName;
pub use lint::{Finding, LintRules, Severity, lint};
pub use name::{Name, NameComponent, NameLengths};
pub use public_key::{KeyRules, PublicKey};
pub use request::{Attribute, CertificationRequest, decode_request};
pub use serial::Serial;
pub use signed::{assemble, outer_suffix};
pub use time::NO_EXPIRATION;

//! The outer form that certificates, requests and CRLs share: the signed bytes, the algorithm, the signature.

use std::ops::Range;

use der::Tag;

use crate::{Error, SignatureAlgorithm, read, write};

/// Where the three parts are in the DER.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    /// The signed bytes, header included.
    pub tbs: Range<usize>,
    /// The `AlgorithmIdentifier`, header included.
    pub algorithm: Range<usize>,
    /// The signature, inside the BIT STRING.
    pub signature: Range<usize>,
}

impl Signed {
    pub(crate) fn from_der(what: &'static str, der: &[u8]) -> Result<Self, Error> {
        read::sequence(what, der, |r| {
            let start = read::position(r);
            read::contents(r, Tag::Sequence)?;
            let middle = read::position(r);
            read::contents(r, Tag::Sequence)?;
            let end = read::position(r);
            let signature_len = read::octet_aligned_bits(r)?.len();
            let after = read::position(r);
            Ok(Self { tbs: start..middle, algorithm: middle..end, signature: after - signature_len..after })
        })
    }
}

/// Puts the signed bytes, the algorithm and the signature together: a Certificate, a CertificateList or a
/// CertificationRequest, depending on what `tbs` is.
///
/// `signature` is the contents of the BIT STRING: for ECDSA the DER of `ECDSA-Sig-Value` (RFC 3279 2.2.3).
#[must_use]
pub fn assemble(tbs: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let tail = outer_suffix(algorithm, signature);
    let len = tbs.len() + tail.len();
    let mut out = Vec::with_capacity(len + 6);
    write::header(&mut out, Tag::Sequence, len);
    out.extend_from_slice(tbs);
    out.extend_from_slice(&tail);
    out
}

/// What stands behind the signed bytes: the algorithm and the signature.
#[must_use]
pub fn outer_suffix(algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(signature.len() + 32);
    out.extend_from_slice(algorithm.der());
    write::octet_aligned_bits(&mut out, signature);
    out
}

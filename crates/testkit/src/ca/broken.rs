//! PKCS#10 requests that a CA has to refuse.

use engine::Signer;
use pki::{Extension, KeyAlgorithm, Name, extension, oid};

use super::der::{self, BIT_STRING, CONTEXT_0, OCTET_STRING, SEQUENCE, SET, UTF8_STRING};
use super::request::{info, sign};
use super::{RequestBuilder, Role, key};

/// What is wrong with a request: the first of format, quality of the key and proof of possession to object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no DER of a request, or exceeds a limit of it.
    Malformed,
    /// It is of a version or with a key that is not supported.
    Unsupported,
    /// The key is weak.
    Weak,
    /// The signature proves nothing: it is wrong, or of an algorithm that is broken or does not go with the key.
    Unproven,
}

/// A request to refuse.
#[derive(Debug, Clone)]
pub struct BrokenRequest {
    /// What it is, for messages.
    pub name: &'static str,
    /// Why it has to be refused.
    pub fault: Fault,
    /// The request.
    pub der: Vec<u8>,
}

/// All the requests to refuse.
///
/// # Panics
/// When one cannot be made.
#[must_use]
pub fn broken_requests() -> Vec<BrokenRequest> {
    [malformed(), unproven(), weak()].concat()
}

fn malformed() -> Vec<BrokenRequest> {
    let good = RequestBuilder::new(KeyAlgorithm::P256, "CN=broken.example").san("dns:broken.example");
    let whole = good.build();
    let ca = key(KeyAlgorithm::P256, Role::Subject);
    let spki = ca.public_key().spki();
    let subject = Name::parse("CN=broken.example").expect("a name");
    let subject = subject.der();
    let usage = extension::key_usage(pki::KeyUsage::DIGITAL_SIGNATURE);
    let asked = |e: &[Extension]| der::tlv(SET, &der::extensions(e));
    let attribute = |oid: &pki::ObjectIdentifier, set: &[u8]| der::of(SEQUENCE, &[&der::oid(oid), set]);
    let requested = |e: &[Extension]| attribute(&oid::EXTENSION_REQUEST, &asked(e));
    let with_attributes = |attributes: &[u8]| sign(&info(&[0], subject, spki, attributes), &ca);
    let with_subject = |subject: &[u8]| sign(&info(&[0], subject, spki, &[]), &ca);
    let with_key = |spki: &[u8]| sign(&info(&[0], subject, spki, &[]), &ca);
    let contents = contents(&whole);
    let password = |text: &str| der::tlv(UTF8_STRING, text.as_bytes());
    let one = |set: &[u8]| attribute(&oid::CHALLENGE_PASSWORD, set);

    let broken = |name, der| BrokenRequest { name, fault: Fault::Malformed, der };
    vec![
        broken("nothing", Vec::new()),
        broken("text", b"not a request at all".to_vec()),
        broken("a lone NULL", vec![5, 0]),
        broken("an empty SEQUENCE", vec![0x30, 0]),
        broken("cut off in the middle", whole.iter().copied().take(whole.len() / 2).collect()),
        broken("cut off by one octet", whole.iter().copied().take(whole.len() - 1).collect()),
        broken("a trailing octet", [whole.as_slice(), &[0]].concat()),
        broken("a second request behind it", [whole.as_slice(), &whole].concat()),
        broken("indefinite length", [&[0x30, 0x80], contents, &[0, 0]].concat()),
        broken(
            "a length with a leading zero octet",
            [&[0x30, 0x83, 0][..], &(contents.len() as u16).to_be_bytes(), contents].concat(),
        ),
        broken("a length of 4 GiB", [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], contents].concat()),
        broken("nested beyond reason", (0..10_000).flat_map(|_| [0x30, 0x80]).collect()),
        broken("a signature with unused bits", {
            let signature = ca.sign(good.info().as_slice()).expect("test keys sign");
            let bits = der::of(BIT_STRING, &[&[1], &signature]);
            der::of(SEQUENCE, &[&good.info(), ca.algorithm().der(), &bits])
        }),
        broken("an extension asked for twice", with_attributes(&requested(&[usage.clone(), usage.clone()]))),
        broken("an extension asked for in both attributes", {
            let other = attribute(&oid::MS_CERT_EXTENSIONS, &asked(std::slice::from_ref(&usage)));
            with_attributes(&[other, requested(std::slice::from_ref(&usage))].concat())
        }),
        broken("an attribute twice", {
            let set = der::tlv(SET, &password("a"));
            with_attributes(&[one(&set), one(&set)].concat())
        }),
        broken("an attribute without a value", with_attributes(&one(&der::tlv(SET, &[])))),
        broken(
            "an attribute with two values where one is due",
            with_attributes(&one(&der::of(SET, &[&password("a"), &password("b")]))),
        ),
        broken("an extension request that is none", with_attributes(&attribute(&oid::EXTENSION_REQUEST, &[0x31, 0]))),
        broken(
            "an extension request with an octet string in it",
            with_attributes(&attribute(&oid::EXTENSION_REQUEST, &der::tlv(SET, &der::tlv(OCTET_STRING, &[1])))),
        ),
        broken("more attributes than any limit", {
            let many: Vec<u8> = (0..1000_u32)
                .flat_map(|n| {
                    let oid = pki::ObjectIdentifier::new(&format!("1.3.6.1.4.1.99999.{n}")).expect("an OID");
                    attribute(&oid, &der::tlv(SET, &password("a")))
                })
                .collect();
            with_attributes(&many)
        }),
        broken("a subject that is no name", with_subject(&der::tlv(OCTET_STRING, &[1]))),
        broken("a subject with an empty RDN", with_subject(&der::tlv(SEQUENCE, &der::tlv(SET, &[])))),
        broken("a subject of 10,000 octets", {
            let text = der::tlv(UTF8_STRING, &[b'a'; 10_000]);
            let rdn = der::of(SET, &[&der::of(SEQUENCE, &[&der::oid(&oid::COMMON_NAME), &text])]);
            with_subject(&der::tlv(SEQUENCE, &rdn))
        }),
        broken("a common name that is not UTF-8", {
            let text = der::tlv(UTF8_STRING, &[0xff, 0xfe]);
            let rdn = der::of(SET, &[&der::of(SEQUENCE, &[&der::oid(&oid::COMMON_NAME), &text])]);
            with_subject(&der::tlv(SEQUENCE, &rdn))
        }),
        broken("no key", with_key(&der::tlv(SEQUENCE, &[]))),
        broken("an empty key", {
            let algorithm = der::of(SEQUENCE, &[&der::oid(&oid::EC_PUBLIC_KEY), &der::oid(&oid::P256)]);
            with_key(&der::of(SEQUENCE, &[&algorithm, &der::bits(&[])]))
        }),
        broken("a point that is not on its curve", {
            let mut spki = spki.to_vec();
            if let Some(last) = spki.last_mut() {
                *last ^= 1;
            }
            with_key(&spki)
        }),
        broken("the point at infinity", {
            let algorithm = der::of(SEQUENCE, &[&der::oid(&oid::EC_PUBLIC_KEY), &der::oid(&oid::P256)]);
            with_key(&der::of(SEQUENCE, &[&algorithm, &der::bits(&[0])]))
        }),
        broken("an ML-DSA key that is too short", {
            let ca = key(KeyAlgorithm::MlDsa44, Role::Subject);
            let algorithm = der::of(SEQUENCE, &[&der::oid(&oid::ML_DSA_44)]);
            let short: Vec<u8> = ca.public_key().key_bytes().iter().copied().skip(1).collect();
            sign(&info(&[0], subject, &der::of(SEQUENCE, &[&algorithm, &der::bits(&short)]), &[]), &ca)
        }),
        broken("attributes that are no attributes", {
            let info = der::of(SEQUENCE, &[&[2, 1, 0], subject, spki, &der::tlv(CONTEXT_0, &[4, 0])]);
            sign(&info, &ca)
        }),
        BrokenRequest { name: "version 2", fault: Fault::Unsupported, der: sign(&info(&[1], subject, spki, &[]), &ca) },
    ]
}

fn unproven() -> Vec<BrokenRequest> {
    let mut all = Vec::new();
    let mut broken = |name, der| all.push(BrokenRequest { name, fault: Fault::Unproven, der });
    for algorithm in KeyAlgorithm::ALL {
        let good = RequestBuilder::new(algorithm, "CN=unproven.example");
        let mut changed = good.build();
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        broken("a signature with one bit changed", changed);
        broken("a signature of another key", sign(&good.info(), &key(algorithm, Role::Other)));
        let other = RequestBuilder::new(algorithm, "CN=other.example");
        let signature = key(algorithm, Role::Subject).sign(&other.info()).expect("test keys sign");
        let algorithm = algorithm.signature().der();
        broken(
            "a signature over another request",
            der::of(SEQUENCE, &[&good.info(), algorithm, &der::bits(&signature)]),
        );
        broken("an empty signature", der::of(SEQUENCE, &[&good.info(), algorithm, &der::bits(&[])]));
    }
    let good = RequestBuilder::new(KeyAlgorithm::P256, "CN=unproven.example");
    broken(
        "an algorithm that does not go with the key",
        sign(&good.info(), &key(KeyAlgorithm::Rsa2048, Role::Subject)),
    );
    broken("RSA with SHA-1", include_bytes!("../../../../testdata/requests/rsa-sha1.der").to_vec());
    broken("ECDSA with SHA-1", include_bytes!("../../../../testdata/requests/p256-sha1.der").to_vec());
    all
}

fn weak() -> Vec<BrokenRequest> {
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../../../testdata/requests/", $name, ".der")).to_vec()
        };
    }
    let weak = |name, der| BrokenRequest { name, fault: Fault::Weak, der };
    let unsupported = |name, der| BrokenRequest { name, fault: Fault::Unsupported, der };
    vec![
        weak("RSA of 1024 bits", file!("rsa-1024")),
        weak("RSA with exponent 3", file!("rsa-exponent-3")),
        weak("RSA with the structure of CVE-2017-15361 (ROCA)", file!("rsa-roca")),
        weak("RSA of primes close together", file!("rsa-close-primes")),
        weak("RSA with a small factor", file!("rsa-small-factor")),
        weak("RSA with an even modulus", {
            let ca = key(KeyAlgorithm::Rsa2048, Role::Subject);
            let mut spki = ca.public_key().spki().to_vec();
            // Behind the modulus stand the five octets of the exponent 65537.
            let low = spki.len() - 6;
            if let Some(octet) = spki.get_mut(low) {
                *octet &= 0xfe;
            }
            let subject = Name::parse("CN=even.example").expect("a name");
            sign(&info(&[0], subject.der(), &spki, &[]), &ca)
        }),
        weak("Ed25519 with a point of small order", {
            let algorithm = der::of(SEQUENCE, &[&der::oid(&oid::ED25519)]);
            let identity: Vec<u8> = std::iter::once(1).chain([0; 31]).collect();
            let spki = der::of(SEQUENCE, &[&algorithm, &der::bits(&identity)]);
            let subject = Name::parse("CN=small.example").expect("a name");
            sign(&info(&[0], subject.der(), &spki, &[]), &key(KeyAlgorithm::Ed25519, Role::Subject))
        }),
        unsupported("a key on secp256k1", file!("secp256k1")),
        unsupported("a key on explicit curve parameters", file!("p256-explicit-parameters")),
        unsupported("an Ed448 key", file!("ed448")),
        unsupported("a DSA key", file!("dsa-2048")),
    ]
}

/// What is inside an element with a length of two octets, as a request has it.
fn contents(der: &[u8]) -> &[u8] {
    let header = match der.get(1) {
        Some(0x81) => 3,
        Some(0x82) => 4,
        _ => 2,
    };
    der.get(header..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use pki::{CertificationRequest, Error, KeyRules};

    use super::*;

    fn fault(der: &[u8]) -> Result<(), (Fault, Error)> {
        let request = CertificationRequest::from_der(der).map_err(|e| (of(&e), e))?;
        request.public_key().quality(&KeyRules::default()).map_err(|e| (of(&e), e))?;
        request.verify().map_err(|e| (Fault::Unproven, e))
    }

    fn of(e: &Error) -> Fault {
        match e {
            Error::Malformed { .. } | Error::Limit { .. } | Error::Unencodable { .. } => Fault::Malformed,
            Error::Unsupported(_) => Fault::Unsupported,
            Error::Weak(_) => Fault::Weak,
            Error::BadSignature => Fault::Unproven,
        }
    }

    #[test]
    fn each_is_refused_for_its_fault() {
        let mut wrong = Vec::new();
        for broken in broken_requests() {
            match fault(&broken.der) {
                Err((fault, _)) if fault == broken.fault => {}
                other => wrong.push(format!("{}: want {:?}, got {other:?}", broken.name, broken.fault)),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

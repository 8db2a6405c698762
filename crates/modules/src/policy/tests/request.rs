//! A request in flight, in memory: the contract's rules and nothing behind them. Read from lines of text.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use module::property::{self, Access, Scope};
use module::{
    CertificateExtension, ExtensionFlags, HResult, ModuleError, PropertyType, ServerExit, ServerPolicy, Value,
};
use pki::extension::{
    basic_constraints, extended_key_usage, extended_key_usage_oid, key_usage, subject_alt_name, template_information,
    template_name,
};
use pki::{
    Extension, KeyUsage, Name, NameComponent, ObjectIdentifier, PublicKey, Serial, SignatureAlgorithm, TbsCertificate,
    oid,
};

/// When the requests were made, and until when the engine lets them be valid.
pub(super) const START: &str = "2026-11-22T00:00:00Z";
pub(super) const END: &str = "2027-02-20T00:00:00Z";

/// P-256's base point, as a public key.
const BASE_POINT: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200\
    046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
    4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// A request with its amendments.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// By canonical name, of the request and of the certificate.
    request: BTreeMap<&'static str, Value>,
    certificate: BTreeMap<&'static str, Value>,
    attributes: Vec<(String, String)>,
    pub(super) extensions: Vec<CertificateExtension>,
    /// How often a module wrote.
    pub(super) writes: usize,
}

impl Request {
    /// A request of `unix:alice` with a P-256 key, without subject and extensions, and the amendments of each line:
    ///
    /// `property NAME TEXT`, `attribute NAME: TEXT`, `key KIND [BITS]`, `subject PART=TEXT`, `by NAME`, `group NAME`,
    /// `no access`, `san NAME,NAME`, `ku NAMES`, `eku NAMES`, `bc ca|leaf [LENGTH]`, `ext OID HEX`, `v1 NAME`, `v2 OID`,
    /// `issuer LENGTH`. In front of one that makes an extension: `administrator`, `module`, `critical`, `disabled`.
    pub(super) fn new(lines: &[&str]) -> Self {
        let mut request = Self {
            request: BTreeMap::new(),
            certificate: BTreeMap::new(),
            attributes: Vec::new(),
            extensions: Vec::new(),
            writes: 0,
        };
        request.request.insert("RequesterName", "unix:alice".into());
        request.certificate.insert("RequesterCAAccess", 1.into());
        request.certificate.insert("NotBefore", START.parse::<Timestamp>().unwrap().into());
        request.certificate.insert("NotAfter", END.parse::<Timestamp>().unwrap().into());
        let key_identifier = pki::extension::subject_key_identifier(&[7; 20]);
        request.put(key_identifier, ExtensionFlags::ORIGIN_SERVER);
        for line in ["key p256", "issuer -"].iter().chain(lines) {
            request.line(line);
        }
        request
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "property" => {
                let (name, text) = rest.split_once(' ').unwrap();
                self.certificate.insert(property::certificate_property(name).unwrap().0.name, text.into());
            }
            "attribute" => {
                let (name, text) = rest.split_once(": ").unwrap();
                self.attributes.push((name.into(), text.into()));
            }
            "key" => self.key(rest),
            "subject" => {
                let (name, text) = rest.split_once('=').unwrap();
                let name = property::subject_part(name).unwrap();
                let text = text.replace('|', "\n");
                self.request.insert(name, text.as_str().into());
                self.certificate.insert(name, text.into());
            }
            // A subject that has no parts the contract knows.
            "raw-subject" => {
                self.request.insert("RawName", Name::parse(rest).unwrap().der().to_vec().into());
            }
            "by" => {
                self.request.insert("RequesterName", rest.into());
            }
            "group" => {
                self.certificate.insert("RequesterGroups", format!("unix-group:all\n{rest}").into());
            }
            "no" => {
                self.certificate.insert("RequesterCAAccess", 0.into());
            }
            "issuer" => {
                self.certificate.insert("RawCACertificate", issuer(rest).into());
            }
            _ => self.extension_line(line),
        }
    }

    fn extension_line(&mut self, line: &str) {
        let mut flags = ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE;
        let mut line = line;
        let mut critical = false;
        while let Some((word, rest)) = line.split_once(' ') {
            match word {
                "administrator" => flags = ExtensionFlags::ORIGIN_ADMIN,
                "module" => flags = ExtensionFlags::ORIGIN_POLICY,
                "cmc" => flags = ExtensionFlags::ORIGIN_CMC | ExtensionFlags::DISABLE,
                "disabled" => flags |= ExtensionFlags::DISABLE,
                "enabled" => flags -= ExtensionFlags::DISABLE,
                "critical" => critical = true,
                _ => break,
            }
            line = rest;
        }
        let mut extension = extension(line);
        extension.critical |= critical;
        self.put(extension, flags);
    }

    fn put(&mut self, extension: Extension, mut flags: ExtensionFlags) {
        flags.set(ExtensionFlags::CRITICAL, extension.critical);
        let oid = extension.oid.to_string();
        self.extensions.retain(|other| other.oid != oid);
        self.extensions.push(CertificateExtension { oid, flags, value: extension.value });
    }

    fn key(&mut self, text: &str) {
        let (kind, bits) = text.split_once(' ').unwrap_or((text, "256"));
        let curve = |oid: ObjectIdentifier| Some([&[6, oid.as_bytes().len() as u8], oid.as_bytes()].concat());
        let (algorithm, parameters) = match kind {
            "p256" => (oid::EC_PUBLIC_KEY, curve(oid::P256)),
            "p384" => (oid::EC_PUBLIC_KEY, curve(oid::P384)),
            "p521" => (oid::EC_PUBLIC_KEY, curve(oid::P521)),
            "secp256k1" => (oid::EC_PUBLIC_KEY, curve(ObjectIdentifier::new_unwrap("1.3.132.0.10"))),
            "explicit-curve" => (oid::EC_PUBLIC_KEY, Some(vec![0x30, 0])),
            "rsa" => (oid::RSA_ENCRYPTION, Some(vec![5, 0])),
            "rsa-pss" => (oid::RSASSA_PSS, None),
            "ed25519" => (oid::ED25519, None),
            "ed448" => (oid::ED448, None),
            "ml-dsa-44" => (oid::ML_DSA_44, None),
            "ml-dsa-65" => (oid::ML_DSA_65, None),
            "ml-dsa-87" => (oid::ML_DSA_87, None),
            other => panic!("{other}"),
        };
        self.certificate.insert("PublicKeyAlgorithm", algorithm.to_string().into());
        self.certificate.insert("PublicKeyLength", bits.parse::<i32>().unwrap().into());
        match parameters {
            Some(der) => self.certificate.insert("RawPublicKeyAlgorithmParameters", der.into()),
            None => self.certificate.remove("RawPublicKeyAlgorithmParameters"),
        };
    }

    /// A certificate property's text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.certificate.get(name).cloned().map(|value| value.into_text().unwrap())
    }

    pub(super) fn not_after(&self) -> Timestamp {
        self.certificate["NotAfter"].clone().into_date().unwrap()
    }

    /// An extension that would go into the certificate.
    pub(super) fn enabled(&self, oid: &str) -> Option<&CertificateExtension> {
        self.extensions.iter().find(|extension| extension.oid == oid && extension.flags.is_enabled())
    }

    fn read(
        &self,
        values: &BTreeMap<&'static str, Value>,
        property: Option<&'static property::Property>,
        name: &str,
        kind: PropertyType,
    ) -> Result<Value, ModuleError> {
        let property = property.ok_or_else(|| ModuleError::invalid(format!("`{name}` is not a property")))?;
        assert_eq!(property.kind, kind, "{name}");
        assert!(matches!(property.policy, Access::Read | Access::ReadWrite), "{name}");
        values.get(property.name).cloned().ok_or_else(|| ModuleError::empty(name))
    }
}

/// The extension that a line describes.
pub(super) fn extension(line: &str) -> Extension {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "san" => {
            let names: Vec<_> = rest.split(',').map(|name| name.parse().unwrap()).collect();
            subject_alt_name(&names).unwrap()
        }
        "ku" => {
            let bits = rest.split(' ').map(|name| KeyUsage::from_standard_name(name).unwrap());
            key_usage(bits.fold(KeyUsage::empty(), |all, bit| all | bit))
        }
        "eku" => {
            let usages: Vec<_> = rest.split(' ').map(|name| extended_key_usage_oid(name).unwrap()).collect();
            extended_key_usage(&usages)
        }
        "bc" => {
            let (kind, length) = rest.split_once(' ').unwrap_or((rest, ""));
            basic_constraints(kind == "ca", length.parse().ok())
        }
        "v1" => template_name(rest).unwrap(),
        "v2" => template_information(&rest.parse().unwrap(), 100, 1),
        "ext" => {
            let (oid, value) = rest.split_once(' ').unwrap();
            Extension::new(oid.parse().unwrap(), hex::decode(value).unwrap())
        }
        other => panic!("{other}"),
    }
}

/// A CA certificate with a path length, without one (`-`), or of no authority (`leaf`).
fn issuer(length: &str) -> Vec<u8> {
    let key = PublicKey::from_spki(&hex::decode(BASE_POINT.replace(char::is_whitespace, "")).unwrap()).unwrap();
    let name = Name::parse("CN=Root,O=Example").unwrap();
    let tbs = TbsCertificate {
        serial: Serial::from_random(&[1; 16]).unwrap(),
        signature: SignatureAlgorithm::EcdsaSha256,
        issuer: name.clone(),
        not_before: START.parse().unwrap(),
        not_after: END.parse().unwrap(),
        subject: name,
        public_key: key,
        extensions: vec![basic_constraints(length != "leaf", length.parse().ok())],
    };
    pki::assemble(&tbs.to_der().unwrap(), SignatureAlgorithm::EcdsaSha256, &[0x30, 6, 2, 1, 1, 2, 1, 1])
}

impl ServerExit for Request {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read(&self.request, property::request_property(name), name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read(&self.certificate, property::certificate_property(name).map(|(property, _)| property), name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        let key = property::attribute_key(name);
        let found = self.attributes.iter().find(|(name, _)| property::attribute_key(name) == key);
        found.map(|(_, text)| text.clone()).ok_or_else(|| ModuleError::empty(name))
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.extensions.iter().find(|extension| extension.oid == oid).cloned().ok_or_else(|| ModuleError::empty(oid))
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.extensions.iter().map(|extension| extension.oid.clone()).collect())
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.attributes.iter().map(|(name, _)| name.clone()).collect())
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        Arc::new(self.clone())
    }
}

impl ServerPolicy for Request {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        self.writes += 1;
        let (property, _) = property::certificate_property(name).unwrap();
        if !matches!(property.policy, Access::ReadWrite) || property.scope != Scope::Certificate {
            return Err(ModuleError::invalid(format!("`{name}` is not writable")));
        }
        let Some(value) = value else {
            self.certificate.remove(property.name);
            return Ok(());
        };
        assert_eq!(value.kind(), property.kind, "{name}");
        if let Value::Date(moment) = value {
            let current = self.certificate[property.name].clone().into_date().unwrap();
            let outside = if property.name == "NotAfter" { moment > current } else { moment < current };
            if outside {
                return Err(ModuleError::invalid(format!("{name} {moment} is outside of {current}")));
            }
        }
        if let (Some(part), Value::String(text)) = (NameComponent::from_alias(property.name), &value)
            && text.lines().any(|line| line.chars().count() > part.length_max())
        {
            return Err(ModuleError::invalid(format!("{name} is too long")));
        }
        self.certificate.insert(property.name, value);
        Ok(())
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        self.writes += 1;
        if extension.oid.len() > 31 {
            return Err(ModuleError::new(HResult::E_INVALIDARG, "the object identifier is too long"));
        }
        let flags = extension.flags.with_origin(ExtensionFlags::ORIGIN_POLICY);
        let stored = CertificateExtension { flags, ..extension };
        match self.extensions.iter_mut().find(|other| other.oid == stored.oid) {
            Some(other) => *other = stored,
            None => self.extensions.push(stored),
        }
        Ok(())
    }
}

//! A server view with invented contents: what modules and their hosts are tried against.
//!
//! It depends on the module contract alone, so that crates below the engine can take this file into their tests.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use module::property::{self, Scope};
use module::{
    CertificateExtension, ExtensionFlags, HResult, ModuleError, PropertyType, ServerExit, ServerPolicy, Value,
};

/// A context with the contents it was given. Clones show the same context.
#[derive(Clone, Debug, Default)]
pub struct FakeServer(Arc<Context>);

#[derive(Debug, Default)]
struct Context {
    rows: Mutex<Rows>,
    ended: AtomicBool,
    reads: AtomicUsize,
}

#[derive(Debug, Default)]
struct Rows {
    request: HashMap<String, Value>,
    certificate: HashMap<String, Value>,
    attributes: Vec<(String, String)>,
    extensions: Vec<CertificateExtension>,
    failing: HashMap<String, ModuleError>,
    written: BTreeMap<String, Option<Value>>,
}

impl FakeServer {
    /// An empty context: every known name is `CERTSRV_E_PROPERTY_EMPTY`.
    pub fn new() -> Self {
        Self::default()
    }

    /// An authority named `Example CA`, with one CA certificate and a base CRL.
    pub fn authority() -> Self {
        Self::new()
            .certificate("SanitizedCAName", "Example CA")
            .certificate("MachineDNSName", "ca.example.org")
            .certificate("CAType", 3)
            .certificate("CertCount", 1)
            .certificate("CertState.0", 3)
            .certificate("CertSuffix.0", "")
            .certificate("CRLIndex.0", 0)
            .certificate("CRLState.0", 3)
            .certificate("CRLSuffix.0", "")
            .certificate("fDeltaCRLsDisabled", 1)
    }

    /// The authority, and a certificate that was issued for request 7.
    pub fn issued() -> Self {
        Self::authority()
            .request("RequestID", 7)
            .request("Disposition", 20)
            .request("DispositionMessage", "Issued")
            .request("RequesterName", "EXAMPLE\\alice")
            .certificate("RequestID", 7)
            .certificate("SerialNumber", "1a2b3c")
            .certificate("CommonName", "www.example.org")
            .certificate("RawCertificate", vec![0x30, 0x03, 0x02, 0x01, 0x07])
            .attribute("CertFile", "C:\\issued.cer")
            .extension("2.5.29.17", ExtensionFlags::ORIGIN_REQUEST, &[0x30, 0x00])
    }

    /// Gives the request a property.
    #[must_use]
    pub fn request(self, name: &str, value: impl Into<Value>) -> Self {
        self.rows().request.insert(name.to_ascii_lowercase(), value.into());
        self
    }

    /// Gives the certificate or the authority a property; indexed ones by their full name (`RawCRL.0`).
    #[must_use]
    pub fn certificate(self, name: &str, value: impl Into<Value>) -> Self {
        self.rows().certificate.insert(name.to_ascii_lowercase(), value.into());
        self
    }

    /// Gives the request an attribute.
    #[must_use]
    pub fn attribute(self, name: &str, value: &str) -> Self {
        self.rows().attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives the request an extension.
    #[must_use]
    pub fn extension(self, oid: &str, flags: ExtensionFlags, value: &[u8]) -> Self {
        self.rows().extensions.push(CertificateExtension { oid: oid.to_owned(), flags, value: value.to_vec() });
        self
    }

    /// Makes reads of this name fail.
    #[must_use]
    pub fn failing(self, name: &str, code: HResult) -> Self {
        self.rows().failing.insert(name.to_ascii_lowercase(), ModuleError::from(code));
        self
    }

    /// Ends the context, as the engine does when the call has returned.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::SeqCst);
    }

    /// Calls that were made to it.
    pub fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }

    /// What was set with `set_certificate_property`, by name.
    pub fn written(&self) -> BTreeMap<String, Option<Value>> {
        self.rows().written.clone()
    }

    /// The extensions as they stand.
    pub fn extension_rows(&self) -> Vec<CertificateExtension> {
        self.rows().extensions.clone()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.rows.lock().expect("no test panics while it holds the rows")
    }

    fn open(&self, name: &str) -> Result<MutexGuard<'_, Rows>, ModuleError> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        if self.0.ended.load(Ordering::SeqCst) {
            return Err(HResult::ERROR_INVALID_HANDLE.into());
        }
        let rows = self.rows();
        match rows.failing.get(&name.to_ascii_lowercase()) {
            Some(error) => Err(error.clone()),
            None => Ok(rows),
        }
    }
}

fn typed(value: Option<&Value>, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
    match value {
        None => Err(ModuleError::empty(name)),
        Some(value) if value.kind() == kind => Ok(value.clone()),
        Some(value) => Err(ModuleError::invalid(format!("{name} is a {}, not a {kind}", value.kind()))),
    }
}

impl ServerExit for FakeServer {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        let rows = self.open(name)?;
        let property = property::request_property(name).ok_or_else(|| ModuleError::invalid(format!("no {name}")))?;
        typed(rows.request.get(&property.name.to_ascii_lowercase()), name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        let rows = self.open(name)?;
        let (property, index) =
            property::certificate_property(name).ok_or_else(|| ModuleError::invalid(format!("no {name}")))?;
        let stem = property.name.to_ascii_lowercase();
        let key = match (property.scope, index) {
            (Scope::CaIndexed, index) => {
                let newest = match rows.certificate.get("certcount") {
                    Some(Value::Long(count)) => usize::try_from(*count).unwrap_or(0).saturating_sub(1),
                    _ => 0,
                };
                format!("{stem}.{}", index.unwrap_or(newest))
            }
            _ => stem,
        };
        let value = rows.certificate.get(&key);
        if value.is_none() && property.name == "RawDeltaCRL" {
            return Err(HResult::ERROR_FILE_NOT_FOUND.into());
        }
        typed(value, name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        let rows = self.open(name)?;
        let wanted = property::attribute_key(name);
        let found = rows.attributes.iter().find(|(name, _)| property::attribute_key(name) == wanted);
        found.map(|(_, value)| value.clone()).ok_or_else(|| ModuleError::empty(name))
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        let rows = self.open(oid)?;
        rows.extensions.iter().find(|extension| extension.oid == oid).cloned().ok_or_else(|| ModuleError::empty(oid))
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.open("extensions")?.extensions.iter().map(|extension| extension.oid.clone()).collect())
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.open("attributes")?.attributes.iter().map(|(name, _)| name.clone()).collect())
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        Arc::new(self.clone())
    }
}

impl ServerPolicy for FakeServer {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        let mut rows = self.open(name)?;
        let writable = property::certificate_property(name)
            .map(|(property, _)| property)
            .filter(|property| matches!(property.policy, property::Access::ReadWrite | property::Access::Write))
            .ok_or_else(|| ModuleError::invalid(format!("{name} is not writable")))?;
        let key = writable.name.to_ascii_lowercase();
        match &value {
            Some(value) => rows.certificate.insert(key, value.clone()),
            None => rows.certificate.remove(&key),
        };
        rows.written.insert(writable.name.to_owned(), value);
        Ok(())
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let mut rows = self.open(&extension.oid)?;
        rows.extensions.retain(|present| present.oid != extension.oid);
        if !extension.flags.contains(ExtensionFlags::DELETE) {
            let flags = extension.flags.with_origin(ExtensionFlags::ORIGIN_POLICY);
            rows.extensions.push(CertificateExtension { flags, ..extension });
        }
        Ok(())
    }
}

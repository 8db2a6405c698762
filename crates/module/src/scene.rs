//! What a module finds when it is called, in values: for the other side of the contract where no certification authority is.
//!
//! The laboratory, and the server for unit tests in the crate `exeunt-stdio`, stand on it. [`Reading`] and [`Draft`] keep the
//! contract's rules and errors; a test of the laboratory holds them beside the server's own, for every property.

mod draft;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{CertificateExtension, HResult, ModuleError, Value, property};

pub use draft::Draft;
pub use reading::{Reader, Reading};

/// Properties by name; case does not matter. Indexed ones stand under their full name, `RawCRL.0`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(BTreeMap<String, (String, Value)>);

impl Properties {
    /// Gives a property a value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_ascii_lowercase(), (name.to_owned(), value.into()));
    }

    /// Gives a property a value, where there is one.
    pub fn set_if(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Gives a property a text, unless that is empty: an empty column has no value.
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.set_if(name, (!text.is_empty()).then_some(text));
    }

    /// Takes a value away.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(&name.to_ascii_lowercase());
    }

    /// The value of a property.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(&name.to_ascii_lowercase()).map(|(_, value)| value)
    }

    /// The moment of a property.
    pub fn moment(&self, name: &str) -> Option<jiff::Timestamp> {
        match self.value(name) {
            Some(Value::Date(moment)) => Some(*moment),
            _ => None,
        }
    }

    /// Every property, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.values().map(|(name, value)| (name.as_str(), value))
    }

    /// Every value, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.values_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// These, and what `over` says otherwise.
    #[must_use]
    pub fn under(&self, over: &Self) -> Self {
        let mut all = self.clone();
        all.0.extend(over.0.iter().map(|(key, entry)| (key.clone(), entry.clone())));
        all
    }

    /// An indexed property of the authority: of the CA certificate with this index, or the newest.
    fn indexed(&self, name: &str, index: Option<usize>) -> Result<Value, ModuleError> {
        let count = match self.value("CertCount") {
            Some(Value::Long(count)) => usize::try_from(*count).unwrap_or_default(),
            _ => 0,
        };
        let wanted = index.unwrap_or(count.saturating_sub(1));
        if wanted >= count {
            return Err(ModuleError::invalid(format!("{name}: there are {count} CA certificates")));
        }
        // The newest may stand under its bare name, as messages of the protocol have it.
        let bare = (wanted + 1 == count).then(|| self.value(name)).flatten();
        // A missing CRL is "file not found", as modules expect.
        let missing = || {
            let none = || ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, format!("there is no {name}"));
            if name.starts_with("Raw") { none() } else { ModuleError::empty(name) }
        };
        self.value(&format!("{name}.{wanted}")).or(bare).cloned().ok_or_else(missing)
    }
}

/// The request in context, and its certificate where there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// What `GetRequestProperty` reads.
    pub request: Properties,
    /// What `GetCertificateProperty` reads of the certificate and the requester.
    pub certificate: Properties,
    /// Attributes, in their order.
    pub attributes: Vec<(String, String)>,
    /// Extensions, in their order, disabled ones too.
    pub extensions: Vec<CertificateExtension>,
}

impl Contents {
    /// An attribute's value; names are compared without case, spaces and hyphens.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let key = property::attribute_key(name);
        let found = self.attributes.iter().find(|(name, _)| property::attribute_key(name) == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// What a module finds when it is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The request in context; none for CRLs, shutdown and `initialize`.
    pub contents: Option<Contents>,
    /// The authority's properties.
    pub authority: Arc<Properties>,
}

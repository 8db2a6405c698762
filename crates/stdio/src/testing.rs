//! A server for unit tests: it calls a module as Exeunt does, over rows that the test gives.
//!
//! What it answers follows the contract: a property of another type is `E_INVALIDARG`, one without a value
//! `CERTSRV_E_PROPERTY_EMPTY`, and what a policy module sets is checked as the authority checks it. A context ends with its
//! call. There is no process, no JSON and no time limit here: the whole of the protocol is what `exeunt module test` plays.
//!
//! ```
//! use exeunt_module::{Decision, HResult, ModuleError, PolicyModule, PropertyType, ServerExit, ServerPolicy, Value};
//! use exeunt_stdio::testing::Server;
//!
//! /// Issues to names inside example.org, and says which department they are.
//! struct Inside;
//!
//! impl PolicyModule for Inside {
//!     fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
//!         Ok(())
//!     }
//!
//!     fn verify_request(&self, server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
//!         let name = server.request_property("CommonName", PropertyType::String)?.into_text()?;
//!         if !name.ends_with(".example.org") {
//!             exeunt_stdio::log(exeunt_stdio::Level::Info, &format!("{name} is not inside"));
//!             return Ok(Decision::deny(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, "not inside example.org"));
//!         }
//!         server.set_certificate_property("OrgUnit", Some("Servers".into()))?;
//!         Ok(Decision::Issue)
//!     }
//!
//!     fn description(&self) -> String {
//!         "names inside example.org".to_owned()
//!     }
//! }
//!
//! # fn main() -> Result<(), ModuleError> {
//! let mut server = Server::submitted("www.example.org");
//! assert_eq!(server.verify(&Inside)?, Decision::Issue);
//! assert_eq!(server.properties_set(), [("OrgUnit".to_owned(), Some("Servers".into()))]);
//! assert_eq!(server.certificate_property("OU", PropertyType::String), Ok(Value::from("Servers")));
//!
//! let mut server = Server::submitted("www.example.net");
//! assert!(matches!(server.verify(&Inside)?, Decision::Deny { .. }));
//! assert_eq!(server.logged(), ["info: www.example.net is not inside"]);
//! # Ok(())
//! # }
//! ```
//!
//! An exit module is told with [`Server::notify`]; the second time it is the same event, repeated:
//!
//! ```
//! # use exeunt_module::{ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, PropertyType, ServerExit};
//! # use exeunt_stdio::testing::Server;
//! # struct Serials;
//! # impl ExitModule for Serials {
//! #     fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
//! #         Ok(ExitEvents::CERT_ISSUED)
//! #     }
//! #     fn notify(&self, _: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
//! #         let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
//! #         exeunt_stdio::log(exeunt_stdio::Level::Info, &serial);
//! #         Ok(())
//! #     }
//! #     fn description(&self) -> String {
//! #         String::new()
//! #     }
//! # }
//! # fn main() -> Result<(), ModuleError> {
//! let server = Server::issued("www.example.org").certificate("SerialNumber", "1a2b");
//! server.initialize(&Serials)?;
//! server.notify(&Serials, ExitEvent::CertIssued)?;
//! server.again().notify(&Serials, ExitEvent::CertIssued)?;
//! assert_eq!(server.logged(), ["info: 1a2b", "info: 1a2b"]);
//! # Ok(())
//! # }
//! ```

mod context;
mod rows;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use exeunt_module::property::{self, Scope};
use exeunt_module::scene::{Contents, Scene};
use exeunt_module::{
    CertificateExtension, Decision, EventId, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, ModuleError,
    Notification, PolicyModule, PropertyType, RequestId, Role, ServerExit, ServerPolicy, Timestamp, Value,
};

use crate::log;
use context::Context;

/// An authority with at most one request, and what a module made of it.
///
/// Reads by the test itself see what an exit module would. Copies share what was logged, and nothing else.
#[derive(Clone, Debug)]
pub struct Server {
    ca: String,
    scene: Scene,
    failing: Arc<BTreeMap<String, HResult>>,
    event: EventId,
    attempt: u32,
    occurred: Timestamp,
    logged: Arc<Mutex<Vec<String>>>,
    properties_set: Vec<(String, Option<Value>)>,
    extensions_set: Vec<CertificateExtension>,
    refused: Vec<ModuleError>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// The authority `Example CA` alone: one CA certificate, no CRL, no request.
    pub fn new() -> Self {
        Self {
            ca: rows::CA_NAME.to_owned(),
            scene: Scene { contents: None, authority: Arc::new(rows::authority()) },
            failing: Arc::default(),
            event: EventId(41),
            attempt: 1,
            occurred: rows::moment(rows::ISSUED),
            logged: Arc::default(),
            properties_set: Vec::new(),
            extensions_set: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Request 7 of `unix:alice` for a certificate with this common name, as a policy module finds it.
    pub fn submitted(common_name: &str) -> Self {
        Self::new().with(rows::submitted(common_name))
    }

    /// The same with its certificate, as an exit module finds it. The certificate itself is no real one: where a module
    /// reads `RawCertificate`, give it one.
    pub fn issued(common_name: &str) -> Self {
        Self::new().with(rows::issued(common_name))
    }

    fn with(mut self, contents: Contents) -> Self {
        self.scene.contents = Some(contents);
        self
    }

    /// The common name of the authority, as `initialize` says it.
    #[must_use]
    pub fn ca(mut self, name: &str) -> Self {
        name.clone_into(&mut self.ca);
        self
    }

    /// Gives the authority a property; one of several CA certificates by its full name (`RawCRL.0`).
    ///
    /// # Panics
    /// Where the contract has no such property of the authority, or it is of another type.
    #[must_use]
    pub fn authority(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let (property, index) = known(name, &value, &[Scope::Ca, Scope::CaIndexed]);
        let authority = Arc::make_mut(&mut self.scene.authority);
        match index {
            Some(index) => authority.set(&format!("{property}.{index}"), value),
            None => authority.set(property, value),
        }
        self
    }

    /// Gives the request a property.
    ///
    /// # Panics
    /// Where the contract has no such property of a request, or it is of another type.
    #[must_use]
    pub fn request(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let property = property::request_property(name);
        assert!(property.is_some(), "`{name}` is not a request property");
        if let Some(property) = property {
            check_type(property, &value);
            self.contents().request.set(property.name, value);
        }
        self
    }

    /// Gives the certificate or its requester a property.
    ///
    /// # Panics
    /// Where the contract has no such property of a certificate, or it is of another type.
    #[must_use]
    pub fn certificate(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let (property, _) = known(name, &value, &[Scope::Certificate, Scope::Context]);
        self.contents().certificate.set(property, value);
        self
    }

    /// Takes a property of the request and of the certificate away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        let contents = self.contents();
        for properties in [&mut contents.request, &mut contents.certificate] {
            properties.remove(name);
        }
        self
    }

    /// Gives the request an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.contents().attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives the request an extension: DER, with flags and origin.
    #[must_use]
    pub fn extension(mut self, oid: &str, flags: ExtensionFlags, value: &[u8]) -> Self {
        self.contents().extensions.push(CertificateExtension { oid: oid.to_owned(), flags, value: value.to_vec() });
        self
    }

    /// Makes every read of this name fail, as a server that has lost its database does.
    #[must_use]
    pub fn failing(mut self, name: &str, code: HResult) -> Self {
        Arc::make_mut(&mut self.failing).insert(name.to_ascii_lowercase(), code);
        self
    }

    /// The number of the event that is told; 41 where none is said.
    #[must_use]
    pub fn event(mut self, id: u64) -> Self {
        self.event = EventId(id);
        self
    }

    /// When it happened.
    #[must_use]
    pub fn occurred(mut self, when: Timestamp) -> Self {
        self.occurred = when;
        self
    }

    /// The same, for one more delivery of the event.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { attempt: self.attempt + 1, ..self.clone() }
    }

    /// The notification of an event: its request is that of the property `RequestID`, and none for CRLs and the server's stop.
    pub fn notification(&self, event: ExitEvent) -> Notification {
        let id = self.scene.contents.as_ref().and_then(|contents| contents.request.value("RequestID"));
        let request = match id {
            Some(Value::Long(id)) if is_of_request(event) => Some(RequestId(i64::from(*id))),
            _ => None,
        };
        let id = if event == ExitEvent::Shutdown { EventId(0) } else { self.event };
        Notification { id, event, occurred: self.occurred, request, attempt: self.attempt, hash: [0xab; 32] }
    }

    /// Initialises an exit module.
    ///
    /// # Errors
    /// The module's.
    pub fn initialize(&self, module: &dyn ExitModule) -> Result<ExitEvents, ModuleError> {
        self.in_context(Role::Exit, None, |server| module.initialize(&self.ca, server))
    }

    /// Initialises a policy module.
    ///
    /// # Errors
    /// The module's.
    pub fn initialize_policy(&self, module: &dyn PolicyModule) -> Result<(), ModuleError> {
        self.in_context(Role::Policy, None, |server| module.initialize(&self.ca, server))
    }

    /// Tells an exit module of an event. An event it did not ask for is told all the same.
    ///
    /// # Errors
    /// The module's: the event would come again.
    pub fn notify(&self, module: &dyn ExitModule, event: ExitEvent) -> Result<(), ModuleError> {
        let contents = self.scene.contents.as_ref().filter(|_| is_of_request(event));
        let notification = self.notification(event);
        self.in_context(Role::Exit, contents, |server| module.notify(&notification, server))
    }

    /// Has a policy module decide on the request. What it set is there afterwards, whatever it decided.
    ///
    /// # Errors
    /// The module's: the request would have failed.
    pub fn verify(&mut self, module: &dyn PolicyModule) -> Result<Decision, ModuleError> {
        self.in_verify(|server| module.verify_request(server, true))
    }

    /// The same for a request that waited, and that an administrator hands in again.
    ///
    /// # Errors
    /// The module's.
    pub fn verify_again(&mut self, module: &dyn PolicyModule) -> Result<Decision, ModuleError> {
        self.in_verify(|server| module.verify_request(server, false))
    }

    /// Runs a part of a policy module, with a request that it may amend.
    pub fn in_verify<T>(&mut self, part: impl FnOnce(&mut dyn ServerPolicy) -> T) -> T {
        let mut flight = context::Flight::new(self);
        let done = {
            let _hearing = log::hear(&self.logged);
            part(&mut flight)
        };
        let context::Amended { draft, properties_set, extensions_set, refused } = flight.end();
        self.scene = draft.scene().clone();
        self.properties_set.extend(properties_set);
        self.extensions_set.extend(extensions_set);
        self.refused.extend(refused);
        done
    }

    /// What policy modules set with `set_certificate_property`, in its order; none deletes. What was refused is not among it.
    pub fn properties_set(&self) -> &[(String, Option<Value>)] {
        &self.properties_set
    }

    /// What policy modules set with `set_certificate_extension`, in its order and as they said it.
    pub fn extensions_set(&self) -> &[CertificateExtension] {
        &self.extensions_set
    }

    /// What policy modules were refused to set.
    pub fn refused(&self) -> &[ModuleError] {
        &self.refused
    }

    /// What modules logged in the thread that called them, each line with its level in front: `info: 1a2b`. Also what policy
    /// modules set as `EventLogVerbose` and its like.
    pub fn logged(&self) -> Vec<String> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn contents(&mut self) -> &mut Contents {
        self.scene.contents.get_or_insert_default()
    }

    /// Opens a context for one call.
    fn in_context<T>(&self, role: Role, contents: Option<&Contents>, call: impl FnOnce(&dyn ServerExit) -> T) -> T {
        let scene = Scene { contents: contents.cloned(), authority: Arc::clone(&self.scene.authority) };
        let context = Context::open(role, scene, Arc::clone(&self.failing));
        let _hearing = log::hear(&self.logged);
        let done = call(&*context);
        context.close();
        done
    }

    /// For the test's own reads.
    fn read(&self) -> Arc<Context> {
        Context::open(Role::Exit, self.scene.clone(), Arc::clone(&self.failing))
    }
}

/// The canonical name and the index of what `GetCertificateProperty` reads by this name.
fn known(name: &str, value: &Value, scopes: &[Scope]) -> (&'static str, Option<usize>) {
    let found = property::certificate_property(name).filter(|(property, _)| scopes.contains(&property.scope));
    let words: Vec<&str> = scopes.iter().map(|scope| scope.title()).collect();
    assert!(found.is_some(), "`{name}` is not among: {}", words.join(", "));
    let (property, index) = found.expect("it was just looked at");
    check_type(property, value);
    (property.name, index)
}

fn check_type(property: &property::Property, value: &Value) {
    let (name, wanted, given) = (property.name, property.kind, value.kind());
    assert!(wanted == given, "{name} is a {wanted}, not a {given}");
}

fn is_of_request(event: ExitEvent) -> bool {
    !matches!(event, ExitEvent::CrlIssued | ExitEvent::Shutdown)
}

impl ServerExit for Server {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read().request_property(name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read().certificate_property(name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.read().request_attribute(name)
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.read().certificate_extension(oid)
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.read().extensions()
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.read().attributes()
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        self.read()
    }
}

/// Nothing is written outside of [`Server::verify`] and [`Server::in_verify`]: `E_ACCESSDENIED`.
impl ServerPolicy for Server {
    fn set_certificate_property(&mut self, name: &str, _value: Option<Value>) -> Result<(), ModuleError> {
        Err(outside(name))
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        Err(outside(&extension.oid))
    }
}

fn outside(what: &str) -> ModuleError {
    let text = format!("{what} can be set only while a policy module verifies a request");
    ModuleError::new(HResult::E_ACCESSDENIED, text)
}

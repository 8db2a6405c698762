//! Events as a server tells them to whoever records them.

use std::collections::HashMap;
use std::sync::Arc;

use module::ModuleError;
use module::property::{self, Scope};
use module::wire::body::{Notify, Request};
use module::wire::row;
use serde_json::{Value as Json, json};

use super::crl::CrlReference;
use super::{number_of, unfit};
use crate::scene::{Contents, Happening, Properties, Scene};

/// What belongs to the module that reads is made for that one; CRLs have lines of their own.
const NOT_OF_ROWS: [&str; 3] = ["ModuleRegistryLocation", "RawCRL", "RawDeltaCRL"];

/// An event, with what a server says of it besides.
#[derive(Clone, Debug)]
pub struct Told {
    /// What happened, and what a module finds.
    pub happening: Happening,
    /// Where it is the first decision on a request: the request as policy was asked about it.
    pub asked: Option<Contents>,
    /// Where it reports CRLs: those that the authority had then.
    pub crls: Vec<CrlReference>,
}

/// Reads an event as the admin API has it: the parameters of `notify` without `context`, and `names`, `asked` and `crls` where
/// it has them. `authority` are the authority's properties, which those of the event stand above.
///
/// # Errors
/// `ERROR_INVALID_DATA` where it does not fit.
pub fn read_told(json: &Json, authority: &Arc<Properties>) -> Result<Told, ModuleError> {
    let happening = happening(json, authority)?;
    Ok(Told { asked: asked(json)?, crls: CrlReference::read_all(json.get("crls"))?, happening })
}

/// Properties as `initialize` carries them.
///
/// # Errors
/// `ERROR_INVALID_DATA` where they do not fit.
pub fn read_properties(json: &Json) -> Result<Properties, ModuleError> {
    row::Row::of_certificate(Some(json)).map(|row| of_authority(&row, None))
}

/// What happened, and what a module finds.
pub(super) fn happening(json: &Json, authority: &Arc<Properties>) -> Result<Happening, ModuleError> {
    let mut message = json.clone();
    if let Some(object) = message.as_object_mut() {
        object.entry("context").or_insert(json!(0));
    }
    let message = Notify::from_json(&message)?;
    let unknown = || unfit(format!("this version does not know the event `{}`", message.event.name));
    let notification = message.event.notification().ok_or_else(unknown)?;
    let contents = notification.request.is_some().then(|| contents(message.request, json.get("names")));
    let authority = Arc::new(authority.under(&of_authority(&message.ca, number_of(authority, "CertCount"))));
    let title = format!("event {}", notification.id);
    Ok(Happening { title, notification, scene: Arc::new(Scene { contents, authority }) })
}

/// The request as policy was asked about it, where the event has it.
pub(super) fn asked(json: &Json) -> Result<Option<Contents>, ModuleError> {
    match json.get("asked") {
        None | Some(Json::Null) => Ok(None),
        // What happened to a request before it was decided on does not touch its attributes.
        Some(asked) => {
            let names = asked.get("names").or(json.get("names"));
            Ok(Some(contents(Request::from_json(asked)?, names)))
        }
    }
}

/// The attributes in the order of `names`.
fn contents(request: Request, names: Option<&Json>) -> Contents {
    let mut attributes: Vec<(String, String)> =
        request.attributes.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let names = names.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let places: HashMap<&str, usize> = names.enumerate().map(|(place, name)| (name, place)).collect();
    attributes.sort_by_key(|(name, _)| places.get(name.as_str()).copied().unwrap_or(usize::MAX));
    Contents {
        request: properties(&request.request, &[Scope::Request]),
        certificate: properties(&request.certificate, &[Scope::Certificate, Scope::Context]),
        attributes,
        extensions: request.extensions.into_iter().map(|extension| extension.0).collect(),
    }
}

/// The authority's properties, each indexed one under its index. In a message the newest stands under its bare name: which that
/// is, is what the message says of the number of certificates, or else `count`.
pub(super) fn of_authority(row: &row::Row, count: Option<i32>) -> Properties {
    let mut all = properties(row, &[Scope::Ca, Scope::CaIndexed]);
    let count = number_of(&all, "CertCount").or(count).unwrap_or_default().max(0);
    for property in property::PROPERTIES.iter().filter(|property| property.scope == Scope::CaIndexed) {
        let Some(value) = all.value(property.name).cloned() else { continue };
        all.remove(property.name);
        let name = format!("{}.{}", property.name, count - 1);
        if count > 0 && all.value(&name).is_none() {
            all.set(&name, value);
        }
    }
    all
}

/// The properties of these scopes, each by the contract's name for it. What is no such property no module can read.
fn properties(row: &row::Row, scopes: &[Scope]) -> Properties {
    let mut all = Properties::default();
    for (name, value) in row.iter() {
        let known = match scopes {
            [Scope::Request] => property::request_property(name).map(|property| (property, None)),
            _ => property::certificate_property(name),
        };
        let known = known.filter(|(property, _)| scopes.contains(&property.scope) && property.kind == value.kind());
        let Some((property, index)) = known.filter(|(property, _)| !NOT_OF_ROWS.contains(&property.name)) else {
            continue;
        };
        match index {
            Some(index) => all.set(&format!("{}.{index}", property.name), value.clone()),
            None => all.set(property.name, value.clone()),
        }
    }
    all
}

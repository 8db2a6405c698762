//! The subject name: which parts are taken, set, demanded.

use std::collections::BTreeMap;
use std::sync::Arc;

use module::profile::SubjectRules;
use module::{HResult, ModuleError, PropertyType, ServerPolicy, Value, property};
use pki::{Name, NameComponent, NameLengths};

use super::pattern::glob;
use super::{Stop, optional, quoted, text};

/// The rules of the subject, part by part.
#[derive(Debug)]
pub(super) struct SubjectParts {
    profile: Arc<str>,
    parts: Vec<Part>,
    unmodified: bool,
}

#[derive(Debug)]
struct Part {
    name: &'static str,
    from_request: bool,
    fixed: Option<String>,
    /// Patterns; empty: every value.
    allowed: Vec<String>,
    required: bool,
}

/// The subject as the rules left it.
pub(super) struct Subject {
    /// Whether the certificate will have none.
    pub(super) empty: bool,
    /// Common names that come from the request.
    pub(super) common_names: Vec<String>,
}

impl SubjectParts {
    pub(super) fn resolve(profile: &Arc<str>, rules: &SubjectRules) -> Result<Self, (&'static str, String)> {
        let every = rules.from_request.iter().any(|word| word == "*");
        let named = rules.from_request.iter().filter(|word| *word != "*");
        let named = named.map(|word| part("subject.from_request", word)).collect::<Result<Vec<_>, _>>()?;
        let required =
            rules.required.iter().map(|word| part("subject.required", word)).collect::<Result<Vec<_>, _>>()?;
        let mut fixed = by_part("subject.fixed", &rules.fixed)?;
        let mut allowed = by_part("subject.allowed", &rules.allowed)?;
        if let Some((name, _)) = allowed.iter().find(|(_, patterns)| patterns.is_empty()) {
            return Err((
                "subject.allowed",
                format!("has no pattern for {name}, so that every value would be refused"),
            ));
        }
        if rules.unmodified && !(every && fixed.is_empty()) {
            let text = "takes the subject byte for byte, so `from_request` must be [\"*\"] and `fixed` empty";
            return Err(("subject.unmodified", text.into()));
        }
        let mut parts = Vec::with_capacity(NameComponent::ALL.len());
        for component in NameComponent::ALL {
            let name = component.as_str();
            let part = Part {
                name,
                from_request: every || named.contains(&name),
                fixed: fixed.remove(name).map(|text| text.trim().to_owned()),
                allowed: allowed.remove(name).unwrap_or_default(),
                required: required.contains(&name),
            };
            part.check(component)?;
            parts.push(part);
        }
        Ok(Self { profile: Arc::clone(profile), parts, unmodified: rules.unmodified })
    }

    /// Sets, drops and checks the parts.
    ///
    /// What differs from the request at a resubmission was set by an administrator or a policy module, and stands.
    pub(super) fn apply(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Subject, Stop> {
        let mut subject = Subject { empty: true, common_names: Vec::new() };
        let mut missing = Vec::new();
        for part in &self.parts {
            let mut value = text(server, part.name)?;
            let requested = value.is_some() && (new || value == request_text(server, part.name)?);
            if let Some(fixed) = &part.fixed {
                if value.as_ref() != Some(fixed) {
                    server.set_certificate_property(part.name, Some(Value::from(fixed.as_str())))?;
                    value = Some(fixed.clone());
                }
            } else if requested && !part.from_request {
                server.set_certificate_property(part.name, None)?;
                value = None;
            } else if requested {
                self.check_allowed(part, value.as_deref().unwrap_or_default())?;
                if part.name == "CommonName" {
                    subject.common_names = value.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
                }
            }
            if part.required && value.is_none() {
                missing.push(part.name);
            }
            subject.empty &= value.is_none();
        }
        if !missing.is_empty() {
            let (profile, missing) = (&self.profile, missing.join(", "));
            let text = format!("the profile `{profile}` requires {missing} in the subject; add it to the request");
            return Err(Stop::refuse(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, text));
        }
        if subject.empty && self.unmodified {
            subject.empty = !has_other_attributes(server)?;
        }
        Ok(subject)
    }

    fn check_allowed(&self, part: &Part, value: &str) -> Result<(), Stop> {
        let fits = |value: &str| part.allowed.iter().any(|pattern| glob(pattern, value));
        if part.allowed.is_empty() || value.lines().all(fits) {
            return Ok(());
        }
        let (profile, patterns) = (&self.profile, part.allowed.join("`, `"));
        let (name, value) = (part.name, quoted(value));
        let text =
            format!("the subject's {name} `{value}` is not one that the profile `{profile}` takes: `{patterns}`");
        Err(Stop::refuse(HResult::CERT_E_INVALID_NAME, text))
    }
}

impl Part {
    fn check(&self, component: NameComponent) -> Result<(), (&'static str, String)> {
        let name = self.name;
        if self.required && !self.from_request && self.fixed.is_none() {
            let text = format!("has {name}, which is neither taken from the request nor set: nothing could be issued");
            return Err(("subject.required", text));
        }
        if !self.allowed.is_empty() && (!self.from_request || self.fixed.is_some()) {
            return Err(("subject.allowed", format!("has {name}, which is not taken from the request")));
        }
        if let Some(fixed) = &self.fixed {
            let values = [(component, fixed.clone())];
            // Lengths are the engine's to enforce, or not.
            let encoded = Name::from_components(&[component], &values, NameLengths::Unlimited);
            let encoded = encoded.map_err(|error| ("subject.fixed", format!("has a bad {name}: {error}")))?;
            if encoded.is_empty() {
                return Err(("subject.fixed", format!("has an empty {name}; leave it out")));
            }
        }
        Ok(())
    }
}

fn part(key: &'static str, word: &str) -> Result<&'static str, (&'static str, String)> {
    property::subject_part(word).ok_or_else(|| {
        let names = NameComponent::ALL.map(NameComponent::as_str).join(", ");
        (key, format!("has `{word}`, which is none of {names}"))
    })
}

fn by_part<T: Clone>(
    key: &'static str,
    words: &BTreeMap<String, T>,
) -> Result<BTreeMap<&'static str, T>, (&'static str, String)> {
    let mut by_part = BTreeMap::new();
    for (word, value) in words {
        if by_part.insert(part(key, word)?, value.clone()).is_some() {
            return Err((key, format!("has {} twice", part(key, word)?)));
        }
    }
    Ok(by_part)
}

fn request_text(server: &dyn ServerPolicy, name: &str) -> Result<Option<String>, ModuleError> {
    optional(server.request_property(name, PropertyType::String))?.map(Value::into_text).transpose()
}

/// Whether the request's subject has attributes that are no properties of the contract.
fn has_other_attributes(server: &dyn ServerPolicy) -> Result<bool, ModuleError> {
    let name = optional(server.request_property("RawName", PropertyType::Binary))?;
    let name = name.map(Value::into_binary).transpose()?.unwrap_or_default();
    Ok(Name::from_der(&name).is_ok_and(|name| !name.is_empty()))
}

//! Who asks, and for which profile.

use std::collections::BTreeSet;
use std::sync::Arc;

use module::{HResult, ModuleError, PropertyType, ServerPolicy, Value};
use pki::ObjectIdentifier;
use pki::extension::{decode_template_information, decode_template_name, oid};

use super::rules::Rules;
use super::{DefaultPolicy, Stop, attribute, optional, quoted, text};

const PROFILE: &str = "CertificateTemplate";

/// The profile a request is judged by.
pub(super) struct Choice<'a> {
    pub(super) rules: &'a Rules,
    /// Whether the engine named it, to the letter, before the module was asked: so that the validity it has put in is the
    /// profile's, and earlier amendments were made under it.
    pub(super) expected: bool,
}

impl DefaultPolicy {
    /// The profile, which becomes the property `CertificateTemplate`.
    ///
    /// It can be named by that property (the front end's choice), by the attribute of that name, and by either of the
    /// classic template extensions. The sources must agree: of a name and an object identifier nobody can say that they
    /// do not, unless each is a profile. A resubmission follows the attribute, which an administrator may have changed.
    pub(super) fn choose(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Choice<'_>, Stop> {
        let property = text(server, PROFILE)?;
        let attribute = attribute(server, PROFILE)?;
        let named = if new {
            let mut sources: Vec<String> = [&property, &attribute].into_iter().flatten().cloned().collect();
            sources.extend(extension_sources(server)?);
            self.agreed(sources)?
        } else {
            match (&property, &attribute) {
                (Some(property), Some(attribute)) if self.agree(property, attribute) => Some(property.clone()),
                (_, Some(attribute)) => Some(attribute.clone()),
                (Some(property), None) => Some(property.clone()),
                (None, None) => self.agreed(extension_sources(server)?)?,
            }
        };
        let Some(named) = named.or_else(|| self.default_profile.clone()) else {
            let text = format!("the request names no profile; name one of {} in `{PROFILE}`", self.offer());
            return Err(Stop::refuse(HResult::CERTSRV_E_NO_CERT_TYPE, text));
        };
        let Some(rules) = self.rules(&named) else {
            let text = format!("there is no profile `{}`; use one of {}", quoted(&named), self.offer());
            return Err(Stop::refuse(HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE, text));
        };
        let name = &*rules.name;
        let expected = property.as_deref() == Some(name);
        if !expected {
            server.set_certificate_property(PROFILE, Some(Value::from(name)))?;
        }
        Ok(Choice { rules, expected })
    }

    /// What the sources agree on: the first that is a profile, else the first.
    fn agreed(&self, sources: Vec<String>) -> Result<Option<String>, ModuleError> {
        for (n, one) in sources.iter().enumerate() {
            if let Some(other) = sources.iter().skip(n + 1).find(|other| !self.agree(one, other)) {
                let text = format!("the request names two profiles, `{}` and `{}`", quoted(one), quoted(other));
                return Err(ModuleError::new(HResult::CERTSRV_E_TEMPLATE_CONFLICT, text));
            }
        }
        let known = sources.iter().position(|source| self.rules(source).is_some()).unwrap_or(0);
        Ok(sources.into_iter().nth(known))
    }

    fn agree(&self, one: &str, other: &str) -> bool {
        let is_oid = |text: &str| ObjectIdentifier::new(text).is_ok();
        let both_known = self.rules(one).is_some() && self.rules(other).is_some();
        one.to_lowercase() == other.to_lowercase() || is_oid(one) != is_oid(other) && !both_known
    }

    fn rules(&self, name: &str) -> Option<&Rules> {
        self.profiles.get(&name.to_lowercase())
    }

    /// The names to choose from, for messages.
    fn offer(&self) -> String {
        const SHOWN_MAX: usize = 20;
        let names: BTreeSet<&str> = self.profiles.values().map(|rules| &*rules.name).collect();
        let shown: Vec<String> = names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect();
        match (names.len(), names.len() > SHOWN_MAX) {
            (0, _) => "none: no profile is configured".into(),
            (_, true) => shown.join(", ") + ", …",
            _ => shown.join(", "),
        }
    }
}

/// The template name of version 1 and the template identifier of version 2, where the request has them.
fn extension_sources(server: &dyn ServerPolicy) -> Result<Vec<String>, ModuleError> {
    let mut sources = Vec::new();
    let malformed = |error: pki::Error| ModuleError::new(HResult::ERROR_INVALID_DATA, error.to_string());
    if let Some(row) = optional(server.certificate_extension(&oid::TEMPLATE_NAME.to_string()))? {
        let name = decode_template_name(&row.value).map_err(malformed)?;
        sources.extend(Some(name.trim().to_owned()).filter(|name| !name.is_empty()));
    }
    if let Some(row) = optional(server.certificate_extension(&oid::TEMPLATE_INFORMATION.to_string()))? {
        let (template, _, _) = decode_template_information(&row.value).map_err(malformed)?;
        sources.push(template.to_string());
    }
    Ok(sources)
}

/// Refuses a requester who may not enrol at all.
pub(super) fn check_enrolment(server: &dyn ServerPolicy) -> Result<(), Stop> {
    let access = server.certificate_property("RequesterCAAccess", PropertyType::Long)?.into_long()?;
    if access == 0 {
        let text = "the requester may not enrol here; ask the administrator for the role `enrollee`";
        return Err(Stop::refuse(HResult::CERTSRV_E_ENROLL_DENIED, text));
    }
    Ok(())
}

/// Who may use a profile.
#[derive(Debug)]
pub(super) struct Requesters {
    profile: Arc<str>,
    /// None: everyone who may enrol.
    listed: Option<BTreeSet<String>>,
}

impl Requesters {
    pub(super) fn resolve(profile: &Arc<str>, listed: &[String]) -> Result<Self, String> {
        if listed.iter().any(|name| name.trim().is_empty()) {
            return Err("has an empty name".into());
        }
        let everyone = listed.iter().any(|name| name == "*");
        let listed = (!everyone).then(|| listed.iter().cloned().collect());
        Ok(Self { profile: Arc::clone(profile), listed })
    }

    /// Refuses a requester whom neither name nor group puts on the list.
    pub(super) fn check(&self, server: &dyn ServerPolicy) -> Result<(), Stop> {
        let Some(listed) = &self.listed else {
            return Ok(());
        };
        let name = server.request_property("RequesterName", PropertyType::String)?.into_text()?;
        if listed.contains(&name) {
            return Ok(());
        }
        let groups = text(server, "RequesterGroups")?.unwrap_or_default();
        if groups.lines().any(|group| listed.contains(group)) {
            return Ok(());
        }
        let (name, profile) = (quoted(&name), &self.profile);
        let text = format!("`{name}` may not use the profile `{profile}`; use another, or ask the administrator");
        Err(Stop::refuse(HResult::CERTSRV_E_TEMPLATE_DENIED, text))
    }
}

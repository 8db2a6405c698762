//! The default policy module: decides and amends by [`Profile`]s.
//!
//! Everything it knows of a request it reads through [`ServerPolicy`], and everything it wants it writes there: another
//! module, in any language, could do the same. Start with [`DefaultPolicy::verify_request`]; each of its steps is one
//! file.
//!
//! | Step | File | Refuses with |
//! |---|---|---|
//! | may the requester enrol, which profile, may the requester use it | `choice` | `CERTSRV_E_ENROLL_DENIED`, `CERTSRV_E_NO_CERT_TYPE`, `CERTSRV_E_UNSUPPORTED_CERT_TYPE`, `CERTSRV_E_TEMPLATE_DENIED` |
//! | the key | `keys` | `CERTSRV_E_KEY_LENGTH` |
//! | the subject | `subject` | `CERTSRV_E_BAD_REQUESTSUBJECT`, `CERT_E_INVALID_NAME` |
//! | the alternative names | `names` | `CERT_E_INVALID_NAME`, `CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED` |
//! | extensions from the request and of the profile | `extensions` | `ERROR_INVALID_DATA` |
//! | basic constraints, key usage, extended key usage | `usage` | `CERTSRV_E_KEY_LENGTH`, `ERROR_INVALID_DATA` |
//! | the validity | `validity` | `ERROR_INVALID_DATA` |
//! | the decision | here | |
//!
//! A resubmission goes the same way with three differences: nobody asks who the requester is, what an administrator or
//! a policy module has set since stands, and a profile that pends issues. An administrator's extension stands even
//! where the profile says otherwise, as long as the certificate stays what the profile makes: no authority outside of
//! CA profiles, no extended key usage but the profile's.
//!
//! The classic module can take alternative names from a request attribute (`EDITF_ATTRIBUTESUBJECTALTNAME2`), which
//! lets whoever may write the attributes name anybody. This module never reads names from attributes.

mod choice;
mod extensions;
mod keys;
mod names;
mod pattern;
pub mod presets;
mod rules;
mod subject;
#[cfg(test)]
mod tests;
mod usage;
mod validity;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use module::profile::ProfileDecision;
use module::{
    CertificateExtension, Decision, ExtensionFlags, HResult, ModuleError, ModuleKind, PolicyModule, Profile,
    PropertyType, Role, ServerExit, ServerPolicy, Setting, Settings,
};

use rules::Rules;

/// The policy module that ships with Exeunt. One instance serves every request; it keeps nothing between them.
#[derive(Debug)]
pub struct DefaultPolicy {
    /// By lower-case name.
    profiles: HashMap<String, Rules>,
    /// The key in `profiles` for requests that name none.
    default_profile: Option<String>,
}

impl DefaultPolicy {
    /// Checks the profiles and prepares them.
    ///
    /// # Errors
    /// `E_INVALIDARG`, naming the profile and the key, for what no certificate could or should be issued by: an unknown
    /// word, a bad pattern or object identifier, rules that contradict each other, a leaf profile that makes
    /// authorities. Also for a default profile that does not exist, and for two names that differ in case only.
    pub fn new(profiles: Arc<BTreeMap<String, Profile>>, default_profile: Option<String>) -> Result<Self, ModuleError> {
        let mut resolved = HashMap::with_capacity(profiles.len());
        for (name, profile) in profiles.iter() {
            let rules = Rules::resolve(name, profile)?;
            if let Some(twin) = resolved.insert(name.to_lowercase(), rules) {
                let twin = &twin.name;
                return Err(ModuleError::invalid(format!("the profiles `{twin}` and `{name}` differ in case only")));
            }
        }
        let default_profile = default_profile.map(|name| name.to_lowercase());
        if let Some(name) = default_profile.as_ref().filter(|name| !resolved.contains_key(*name)) {
            return Err(ModuleError::invalid(format!("the default profile `{name}` does not exist")));
        }
        Ok(Self { profiles: resolved, default_profile })
    }

    /// The way of a request.
    fn decide(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, Stop> {
        // 1 Who asks, for what.
        if new {
            choice::check_enrolment(server)?;
        }
        let choice = self.choose(server, new)?;
        let rules = choice.rules;
        if new {
            rules.requesters.check(server)?;
        }
        if rules.decision == ProfileDecision::Deny {
            let name = &rules.name;
            return Ok(Decision::deny(
                HResult::S_OK,
                format!("the profile `{name}` denies every request; use another"),
            ));
        }
        // 2 What is to be certified.
        let key = rules.keys.check(server)?;
        let subject = rules.subject.apply(server, new)?;
        rules.names.apply(server, &subject, choice.expected)?;
        // 3 What the certificate says about it.
        rules.extensions.apply(server)?;
        rules.usage.apply(server, key, &subject)?;
        rules.validity.apply(server, choice.expected)?;
        // 4 Now, later or never.
        decision(rules, server, new)
    }
}

impl PolicyModule for DefaultPolicy {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        match self.decide(server, new) {
            Ok(decision) | Err(Stop::Refused(decision)) => Ok(decision),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn description(&self) -> String {
        match self.profiles.len() {
            1 => "Exeunt default policy, 1 profile".into(),
            count => format!("Exeunt default policy, {count} profiles"),
        }
    }
}

/// The kind `default`: [`DefaultPolicy`] over the profiles of the configuration.
#[derive(Debug)]
pub struct DefaultPolicyKind {
    profiles: Arc<BTreeMap<String, Profile>>,
    default_profile: Option<String>,
}

impl DefaultPolicyKind {
    /// The kind over these profiles, which are checked when a module is made.
    pub const fn new(profiles: Arc<BTreeMap<String, Profile>>, default_profile: Option<String>) -> Self {
        Self { profiles, default_profile }
    }
}

impl ModuleKind for DefaultPolicyKind {
    fn name(&self) -> &'static str {
        "default"
    }

    fn summary(&self) -> &'static str {
        "decides by the profiles of the configuration"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Policy]
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn policy_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn PolicyModule>, ModuleError> {
        if let Some((setting, _)) = settings.iter().next() {
            let text =
                format!("`{name}` has no settings, so no `{setting}`; its rules are the configuration's profiles");
            return Err(ModuleError::invalid(text));
        }
        let policy = DefaultPolicy::new(Arc::clone(&self.profiles), self.default_profile.clone())?;
        Ok(Box::new(policy))
    }
}

/// By the profile's decision, as the classic `RequestDisposition` has it: `pend` is `PENDINGFIRST` with `ISSUE`, which
/// only a first submission minds; `attribute` is `USEREQUESTATTRIBUTE`, which a resubmission minds too.
fn decision(rules: &Rules, server: &dyn ServerPolicy, new: bool) -> Result<Decision, Stop> {
    let name = &rules.name;
    Ok(match rules.decision {
        ProfileDecision::Pend if new => {
            Decision::Pend { message: format!("a certificate manager approves requests of the profile `{name}`") }
        }
        ProfileDecision::Issue | ProfileDecision::Pend => Decision::Issue,
        ProfileDecision::Deny => Decision::deny(HResult::S_OK, format!("the profile `{name}` denies every request")),
        ProfileDecision::Attribute => match attribute(server, "Disposition")?.as_deref() {
            Some(word) if word.eq_ignore_ascii_case("Deny") => {
                Decision::deny(HResult::S_OK, "the request's attribute `Disposition` asks for denial")
            }
            Some(word) if word.eq_ignore_ascii_case("Pending") => Decision::Pend {
                message: "the request's attribute `Disposition` is `Pending`; set it to `Issue` before resubmitting"
                    .into(),
            },
            _ => Decision::Issue,
        },
    })
}

/// Why a request goes no further.
enum Stop {
    /// A rule refuses it.
    Refused(Decision),
    /// It could not be judged.
    Failed(ModuleError),
}

impl Stop {
    fn refuse(code: HResult, message: impl Into<String>) -> Self {
        Self::Refused(Decision::deny(code, message))
    }
}

impl From<ModuleError> for Stop {
    fn from(error: ModuleError) -> Self {
        Self::Failed(error)
    }
}

/// A value that need not be there.
fn optional<T>(read: Result<T, ModuleError>) -> Result<Option<T>, ModuleError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == HResult::CERTSRV_E_PROPERTY_EMPTY => Ok(None),
        Err(error) => Err(error),
    }
}

/// A certificate property's text; none where it has no value or an empty one.
fn text(server: &dyn ServerPolicy, name: &str) -> Result<Option<String>, ModuleError> {
    let value = optional(server.certificate_property(name, PropertyType::String))?;
    Ok(value.map(module::Value::into_text).transpose()?.filter(|text| !text.is_empty()))
}

/// A request attribute; none where it is missing or blank.
fn attribute(server: &dyn ServerPolicy, name: &str) -> Result<Option<String>, ModuleError> {
    let value = optional(server.request_attribute(name))?;
    Ok(value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Puts an extension in (`None`: takes it out), unless an administrator has set it: then theirs is returned, and stands.
fn place(
    server: &mut dyn ServerPolicy,
    oid: &str,
    wanted: Option<&CertificateExtension>,
) -> Result<Option<CertificateExtension>, ModuleError> {
    let found = optional(server.certificate_extension(oid))?;
    if let Some(found) = &found
        && found.flags.origin() == ExtensionFlags::ORIGIN_ADMIN
    {
        return Ok(Some(found.clone()));
    }
    match (wanted, found) {
        (Some(wanted), _) => server.set_certificate_extension(wanted.clone())?,
        (None, Some(mut found)) if found.flags.is_enabled() => {
            found.flags |= ExtensionFlags::DISABLE;
            server.set_certificate_extension(found)?;
        }
        (None, _) => {}
    }
    Ok(None)
}

/// An extension as the contract has it, enabled.
fn contract(extension: pki::Extension) -> CertificateExtension {
    let flags = if extension.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
    CertificateExtension { oid: extension.oid.to_string(), flags, value: extension.value }
}

/// The most characters of a requester's text that a message repeats.
const QUOTED_CHARACTERS_MAX: usize = 200;

/// A requester's text as a message repeats it: one line, without control characters, of bounded length.
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !c.is_control() && c != '`';
    if text.len() <= QUOTED_CHARACTERS_MAX && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut shown: String = text
        .chars()
        .take(QUOTED_CHARACTERS_MAX)
        .map(|c| if plain(c) { c } else { char::REPLACEMENT_CHARACTER })
        .collect();
    if text.chars().nth(QUOTED_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

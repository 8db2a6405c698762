//! What a policy module decided about recorded requests, beside what was decided then.

use jiff::Timestamp;
use module::property::{self, Access, Scope};
use module::{CertificateExtension, Decision, Disposition, ExtensionFlags, HResult, ModuleError};
use serde::{Serialize, Serializer};

use crate::authority::shown;
use crate::check::{Group, broke_down};
use crate::recording::{number_of, text_of};
use crate::report::{Entry, Verdict};
use crate::scene::{Contents, Happening};

/// Bytes of an extension's value that are shown.
const SHOWN_BYTES: usize = 64;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The certificate is issued.
    Issued,
    /// The request waits for a certificate manager.
    Pending,
    /// It is denied.
    Denied,
    /// There was an error in the place of a decision, or the certificate could not be made.
    Failed,
}

impl Outcome {
    /// Every outcome, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Issued, Self::Pending, Self::Denied, Self::Failed];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Pending => "pending",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// One decision, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// What comes of the request.
    pub outcome: Outcome,
    /// Why it was denied or failed; 0 otherwise.
    #[serde(serialize_with = "as_text")]
    pub code: HResult,
    /// The text that goes with it; may be empty.
    pub message: String,
    /// What the certificate is to have otherwise than it was asked for.
    pub set: Vec<Amendment>,
}

/// A property or an extension that is otherwise than it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Amendment {
    /// The property's name, or the extension's object identifier.
    pub name: String,
    /// What it was; none where it was not there.
    pub from: Option<String>,
    /// What it is; none where it was taken away.
    pub to: Option<String>,
    /// The extension, where it is one and was not taken away.
    #[serde(skip)]
    pub extension: Option<CertificateExtension>,
}

/// One request, judged twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The event that recorded the decision.
    pub event: u64,
    /// The request's number.
    pub request: i64,
    /// When it came in.
    pub submitted: Option<Timestamp>,
    /// Whom the certificate is for.
    pub requester: String,
    /// The subject asked for, RFC 4514.
    pub subject: String,
    /// What was decided then, by all policy modules there were.
    pub then: Judgement,
    /// What the module decides.
    pub now: Judgement,
    /// Calls of the module's that were refused.
    pub refused: Vec<String>,
    /// How long it took, in microseconds.
    pub microseconds: u64,
}

impl Judged {
    /// Whether both decisions are the same; what goes with them may differ.
    pub fn is_same(&self) -> bool {
        self.then.outcome == self.now.outcome
    }
}

/// What a policy module decided about the requests of a recording.
#[derive(Clone, Debug, Serialize)]
pub struct Decisions {
    /// The module's name.
    pub module: String,
    /// The name of what runs it.
    pub kind: String,
    /// When it was tried.
    pub when: Timestamp,
    /// Requests that are decided on as they were then.
    pub same: usize,
    /// Requests that are not.
    pub different: usize,
    /// The requests, in the order in which they were decided on.
    pub requests: Vec<Judged>,
}

impl Decisions {
    /// How many requests came to `then` and would come to `now`, for every pair there is.
    pub fn pairs(&self) -> Vec<(Outcome, Outcome, usize)> {
        let all = Outcome::ALL.into_iter().flat_map(|then| Outcome::ALL.map(|now| (then, now)));
        let count = |then, now| {
            self.requests.iter().filter(|judged| (judged.then.outcome, judged.now.outcome) == (then, now)).count()
        };
        all.map(|(then, now)| (then, now, count(then, now))).filter(|(.., count)| *count > 0).collect()
    }

    /// The requests as entries of a report; with `same` it is a failure where a decision is not the one of then.
    pub(crate) fn entries(&self, same: bool) -> Vec<Entry> {
        self.requests.iter().map(|judged| judged.entry(same)).collect()
    }
}

impl Judged {
    /// What it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        let texts = [&self.requester, &self.subject, &self.then.message, &self.now.message];
        let set = self.then.set.iter().chain(&self.now.set).map(|amendment| {
            let texts = [&amendment.from, &amendment.to].into_iter().flatten().map(String::len);
            let value = amendment.extension.as_ref().map_or(0, |extension| extension.value.len());
            size_of::<Amendment>() + amendment.name.len() + value + texts.sum::<usize>()
        });
        let texts = texts.into_iter().chain(&self.refused).map(String::len);
        size_of::<Self>() + texts.sum::<usize>() + set.sum::<usize>()
    }

    fn entry(&self, same: bool) -> Entry {
        let now = self.now.to_words();
        let verdict = if !same || self.is_same() {
            Verdict::Passed { seen: now }
        } else {
            Verdict::Failed {
                happened: format!("{}: {now}; then it was {}", self.subject, self.then.to_words()),
                remedy: "where the new decision is what you want, leave out --expect same".into(),
            }
        };
        Entry {
            name: format!("request-{}", self.request),
            group: Group::Decisions,
            rule: "the request is decided on as it was then".into(),
            section: "laboratory.md, Recordings".into(),
            verdict,
            milliseconds: self.microseconds / 1_000,
            said: Vec::new(),
        }
    }
}

impl Judgement {
    /// What was decided then, by what the event left and what was asked.
    pub(crate) fn then(happening: &Happening, asked: &Contents) -> Option<Self> {
        let left = happening.scene.contents.as_ref()?;
        let outcome = match Disposition::from_code(number_of(&left.request, "Disposition")?)? {
            Disposition::Issued => Outcome::Issued,
            Disposition::Pending => Outcome::Pending,
            Disposition::Denied => Outcome::Denied,
            _ => Outcome::Failed,
        };
        let message = text_of(&left.request, "DispositionMessage").unwrap_or_default();
        Some(Self {
            outcome,
            code: HResult(number_of(&left.request, "StatusCode").unwrap_or_default()),
            message: message.to_owned(),
            set: amendments(asked, left),
        })
    }

    /// What a module decides.
    pub(crate) fn now(decision: &Result<Decision, ModuleError>, asked: &Contents, left: Option<&Contents>) -> Self {
        let (outcome, code, message) = match decision {
            Ok(Decision::Issue) => (Outcome::Issued, HResult::S_OK, String::new()),
            Ok(Decision::Pend { message }) => (Outcome::Pending, HResult::S_OK, message.clone()),
            Ok(Decision::Deny { code, message }) => (Outcome::Denied, *code, message.clone()),
            Err(error) => (Outcome::Failed, error.code, error.message.clone()),
        };
        // What a module that broke down had set is nobody's.
        let whole = !matches!(decision, Err(error) if broke_down(error));
        let set = left.filter(|_| whole).map(|left| amendments(asked, left)).unwrap_or_default();
        Self { outcome, code, message, set }
    }

    /// The outcome, its text and its code.
    pub fn to_words(&self) -> String {
        let mut words = self.outcome.name().to_owned();
        if !self.message.is_empty() {
            words.push_str(": ");
            words.push_str(&self.message);
        }
        if self.code.is_failure() {
            words.push_str(&format!(" ({})", self.code));
        }
        words
    }
}

/// What a policy module may set, where it is otherwise afterwards.
fn amendments(before: &Contents, after: &Contents) -> Vec<Amendment> {
    let mut found = Vec::new();
    let writable = |access| matches!(access, Access::ReadWrite | Access::Write);
    for property in property::PROPERTIES.iter().filter(|p| p.scope == Scope::Certificate && writable(p.policy)) {
        let (from, to) = (before.certificate.value(property.name), after.certificate.value(property.name));
        if from != to {
            let (from, to) = (from.map(shown), to.map(shown));
            found.push(Amendment { name: property.name.to_owned(), from, to, extension: None });
        }
    }
    // What is not enabled does not get into the certificate.
    let enabled = |contents: &Contents, oid: &str| {
        contents.extensions.iter().find(|one| one.oid == oid && one.flags.is_enabled()).cloned()
    };
    let mut oids: Vec<&str> = before.extensions.iter().chain(&after.extensions).map(|one| one.oid.as_str()).collect();
    oids.sort_unstable();
    oids.dedup();
    for oid in oids {
        let (from, to) = (enabled(before, oid), enabled(after, oid));
        let facts = |one: &CertificateExtension| (one.flags.contains(ExtensionFlags::CRITICAL), one.value.clone());
        if from.as_ref().map(facts) != to.as_ref().map(facts) {
            let from = from.as_ref().map(extension);
            found.push(Amendment { name: oid.to_owned(), from, to: to.as_ref().map(extension), extension: to });
        }
    }
    found
}

/// An extension's value in hexadecimal, cut where it is long.
fn extension(one: &CertificateExtension) -> String {
    let critical = if one.flags.contains(ExtensionFlags::CRITICAL) { "critical, " } else { "" };
    match one.value.get(..SHOWN_BYTES) {
        Some(start) if one.value.len() > SHOWN_BYTES => {
            format!("{critical}{}… ({} bytes)", hex::encode(start), one.value.len())
        }
        _ => format!("{critical}{}", hex::encode(&one.value)),
    }
}

fn as_text<S: Serializer>(code: &HResult, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(code)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn one(oid: &str, flags: ExtensionFlags, value: &[u8]) -> CertificateExtension {
        CertificateExtension { oid: oid.into(), flags, value: value.to_vec() }
    }

    #[test]
    fn what_was_set_is_told_and_nothing_else() {
        let asked_for = ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE;
        let mut before = Contents::default();
        before.certificate.set("CommonName", "www.example.org");
        before.certificate.set("Locality", "Berlin");
        before.request.set("Disposition", 8);
        before.extensions.push(one("2.5.29.17", asked_for, &[0x30, 0]));
        before.extensions.push(one("2.5.29.14", ExtensionFlags::ORIGIN_SERVER, &[4, 0]));
        let mut after = before.clone();
        assert_eq!(amendments(&before, &after), []);

        after.request.set("Disposition", 20);
        after.certificate.set("SerialNumber", "07");
        after.certificate.set("OrgUnit", "Servers");
        after.certificate.remove("Locality");
        after.extensions[0].flags = ExtensionFlags::ORIGIN_POLICY | ExtensionFlags::CRITICAL;
        after.extensions.push(one("1.2.3", ExtensionFlags::ORIGIN_POLICY | ExtensionFlags::DISABLE, &[5, 0]));
        after.extensions.push(one("1.2.4", ExtensionFlags::ORIGIN_POLICY, &[7; 100]));
        let found = amendments(&before, &after);
        let names: Vec<&str> = found.iter().map(|amendment| amendment.name.as_str()).collect();
        assert_eq!(names, ["OrgUnit", "Locality", "1.2.4", "2.5.29.17"]);
        assert_eq!((found[0].from.as_deref(), found[0].to.as_deref()), (None, Some("Servers")));
        assert_eq!((found[1].from.as_deref(), found[1].to.as_deref()), (Some("Berlin"), None));
        assert!(found[2].to.as_ref().unwrap().ends_with("… (100 bytes)"), "{found:?}");
        assert_eq!(found[3].to.as_deref(), Some("critical, 3000"));
    }

    #[test]
    fn what_is_told_of_a_request_has_a_size() {
        let asked = Contents::default();
        let mut left = asked.clone();
        left.extensions.push(one("1.2.4", ExtensionFlags::ORIGIN_POLICY, &[7; 10_000]));
        left.certificate.set("OrgUnit", "u".repeat(1_000));
        let now = Judgement::now(&Ok(Decision::Issue), &asked, Some(&left));
        let judged = Judged {
            event: 1,
            request: 1,
            submitted: None,
            requester: "r".repeat(300),
            subject: String::new(),
            then: Judgement { set: Vec::new(), ..now.clone() },
            now,
            refused: vec!["no".repeat(200)],
            microseconds: 1,
        };
        let bytes = judged.bytes();
        assert!((11_700..13_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn an_error_is_a_failed_request() {
        let asked = Contents::default();
        let broken = Err(ModuleError::new(HResult::RPC_E_DISCONNECTED, "gone"));
        let mut left = asked.clone();
        left.certificate.set("OrgUnit", "half");
        let judgement = Judgement::now(&broken, &asked, Some(&left));
        assert_eq!((judgement.outcome, judgement.set.len()), (Outcome::Failed, 0));
        assert!(judgement.to_words().starts_with("failed: gone (0x80010108"), "{}", judgement.to_words());
        let pended = Judgement::now(&Ok(Decision::Pend { message: String::new() }), &asked, Some(&left));
        assert_eq!((pended.to_words().as_str(), pended.set.len()), ("pending", 1));
    }
}

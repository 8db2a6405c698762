//! What the engine is told once, when it opens: checked configuration, no I/O.

use std::collections::BTreeMap;

use module::Profile;
use module::moment::{Period, Unit};
use pki::{KeyRules, NameComponent, NameLengths};

use crate::RoleTable;
use crate::location::Location;

/// The engine's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The certification authority's common name: what modules are initialised with.
    pub name: String,
    /// Who may do what.
    pub roles: RoleTable,
    /// The issuing rules, by name.
    pub profiles: BTreeMap<String, Profile>,
    /// The profile of requests that name none.
    pub default_profile: Option<String>,
    /// The order of subject parts, most specific first (`SubjectTemplate`).
    pub subject_template: Vec<NameComponent>,
    /// Whether X.520's lengths are enforced (`EnforceX500NameLengths`).
    pub name_lengths: NameLengths,
    /// The longest validity of any certificate (`ValidityPeriod`).
    pub validity_max: Period,
    /// How far clocks may differ, in seconds (`ClockSkewMinutes`): certificates and CRLs start this much earlier.
    pub clock_skew_seconds: u32,
    /// The largest request, in bytes after decoding.
    pub request_bytes_max: usize,
    /// Keys that no profile can allow.
    pub key_rules: KeyRules,
    /// CRLs.
    pub crl: CrlConfig,
    /// Where the CA certificate is written and said to be (`CACertPublicationURLs`).
    pub ca_locations: Vec<Location>,
    /// How long delivered events are kept. Zero: for ever.
    pub event_retention: Period,
}

/// When CRLs are made and where they go.
#[derive(Clone, Debug)]
pub struct CrlConfig {
    /// `CRLPeriod`; zero: no scheduled CRLs.
    pub period: Period,
    /// `CRLDeltaPeriod`; zero: no delta CRLs.
    pub delta_period: Period,
    /// `CRLOverlapPeriod`; zero: computed.
    pub overlap: Period,
    /// `CRLDeltaOverlapPeriod`; zero: computed.
    pub delta_overlap: Period,
    /// Delta CRLs build on the oldest base that has not expired (`CRLF_DELTA_USE_OLDEST_UNEXPIRED_BASE`).
    pub delta_uses_oldest_base: bool,
    /// Where CRLs are written and said to be (`CRLPublicationURLs`).
    pub locations: Vec<Location>,
}

impl Default for CrlConfig {
    fn default() -> Self {
        Self {
            period: Period::new(1, Unit::Weeks),
            delta_period: Period::new(1, Unit::Days),
            overlap: Period::ZERO,
            delta_overlap: Period::ZERO,
            delta_uses_oldest_base: false,
            locations: Vec::new(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: String::new(),
            roles: RoleTable::default(),
            profiles: BTreeMap::new(),
            default_profile: None,
            subject_template: NameComponent::DEFAULT_ORDER.to_vec(),
            name_lengths: NameLengths::Enforced,
            validity_max: Period::new(2, Unit::Years),
            clock_skew_seconds: 600,
            request_bytes_max: 65_536,
            key_rules: KeyRules::default(),
            crl: CrlConfig::default(),
            ca_locations: Vec::new(),
            event_retention: Period::new(90, Unit::Days),
        }
    }
}

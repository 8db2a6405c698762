//! The configuration file as it is written: sections and keys, each with its default.

use std::collections::BTreeMap;
use std::path::PathBuf;

use module::Profile;
use module::moment::{Period, Unit};
use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// `[ca]`: the certification authority.
    pub ca: CaSection,
    /// `[keys]`: where its private keys are.
    pub keys: KeysSection,
    /// `[database]`: where its memory is.
    pub database: DatabaseSection,
    /// `[admin]`: who reaches the admin API how.
    pub admin: AdminSection,
    /// `[publication]`: plain HTTP for CRLs and CA certificates.
    pub publication: PublicationSection,
    /// `[metrics]`: metrics without authentication.
    pub metrics: MetricsSection,
    /// `[roles]`: who may do what.
    pub roles: RolesSection,
    /// `[policy]`: what the default policy module does without being told.
    pub policy: PolicySection,
    /// `[crl]`: when CRLs are made.
    pub crl: CrlSection,
    /// `[locations]`: where CRLs and CA certificates are written and said to be.
    pub locations: LocationsSection,
    /// `[events]`: how long events are kept.
    pub events: EventsSection,
    /// `[log]`: the server's own log.
    pub log: LogSection,
    /// `[limits]`: sizes, counts and times.
    pub limits: LimitsSection,
    /// `[profiles.NAME]`: the issuing rules.
    pub profiles: BTreeMap<String, Profile>,
}

/// `[ca]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaSection {
    /// The common name: what modules are initialised with, and `%3` in locations.
    pub name: String,
    /// The DNS name of this server: `%1` in locations. Empty: the machine's host name.
    pub dns_name: String,
    /// The longest validity of any certificate.
    pub validity_max: Period,
    /// How far clocks may differ: certificates and CRLs start this much earlier.
    pub clock_skew: Period,
    /// The order of subject parts, most specific first. Empty: the classic order.
    pub subject_template: Vec<String>,
    /// Whether the lengths of X.520 are enforced on subject parts.
    pub enforce_name_lengths: bool,
}

impl Default for CaSection {
    fn default() -> Self {
        Self {
            name: String::new(),
            dns_name: String::new(),
            validity_max: Period::new(2, Unit::Years),
            clock_skew: Period::new(10, Unit::Minutes),
            subject_template: Vec::new(),
            enforce_name_lengths: true,
        }
    }
}

/// `[keys]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysSection {
    /// The key files: one, or one for each CA key in use.
    pub file: OneOrMany<PathBuf>,
    /// The file whose first line is their passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
    /// The environment variable that holds their passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_env: Option<String>,
}

impl Default for KeysSection {
    fn default() -> Self {
        Self { file: OneOrMany::One("ca.key".into()), passphrase_file: None, passphrase_env: None }
    }
}

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a value or a list of values")]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// Every value.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// `[database]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    /// The database file.
    pub path: PathBuf,
}

impl Default for DatabaseSection {
    fn default() -> Self {
        Self { path: "exeunt.db".into() }
    }
}

/// `[admin]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSection {
    /// The Unix socket. Empty: none.
    pub socket: PathBuf,
    /// Its permission bits, octal.
    pub socket_mode: String,
    /// Addresses to listen on with TLS.
    pub listen: Vec<String>,
    /// `[admin.tls]`: needed with `listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSection>,
}

impl Default for AdminSection {
    fn default() -> Self {
        Self { socket: "admin.sock".into(), socket_mode: "0660".into(), listen: Vec::new(), tls: None }
    }
}

/// `[admin.tls]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// The server's certificate and the ones above it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The roots that client certificates chain to, PEM.
    pub client_roots: PathBuf,
    /// CRLs of the client certificates' issuers, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_crls: Option<PathBuf>,
}

/// `[publication]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicationSection {
    /// Addresses to listen on, plain HTTP.
    pub listen: Vec<String>,
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSection {
    /// A loopback address that answers `/metrics`, `/healthz` and `/readyz` to everybody. Empty: none.
    pub listen: String,
}

/// `[roles]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RolesSection {
    /// Manages modules, configuration, CRLs and CA certificates.
    pub administrator: Vec<String>,
    /// Approves, denies, revokes, imports.
    pub certificate_manager: Vec<String>,
    /// Reads the audit trail.
    pub auditor: Vec<String>,
    /// Checks, backs up and stops.
    pub operator: Vec<String>,
    /// Requests certificates.
    pub enrollee: Vec<String>,
    /// Refuse the administrative acts of whoever holds more than one of the first four roles.
    pub separation: bool,
}

/// `[policy]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySection {
    /// The profile of requests that name none. Empty: such requests are denied.
    pub default_profile: String,
}

/// `[crl]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrlSection {
    /// Between base CRLs. `0s`: none are made on their own.
    pub period: Period,
    /// Between delta CRLs. `0s`: there are none.
    pub delta_period: Period,
    /// How long a base CRL stays valid after the next is due. `0s`: computed.
    pub overlap: Period,
    /// How long a delta CRL stays valid after the next is due. `0s`: computed.
    pub delta_overlap: Period,
    /// Whether delta CRLs build on the oldest base CRL that has not expired.
    pub delta_uses_oldest_base: bool,
}

impl Default for CrlSection {
    fn default() -> Self {
        let engine::CrlConfig { period, delta_period, overlap, delta_overlap, delta_uses_oldest_base, .. } =
            engine::CrlConfig::default();
        Self { period, delta_period, overlap, delta_overlap, delta_uses_oldest_base }
    }
}

/// `[locations]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocationsSection {
    /// For CRLs, `USES:URL` each.
    pub crl: Vec<String>,
    /// For the CA certificate (and OCSP responders), `USES:URL` each.
    pub ca: Vec<String>,
}

/// `[events]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsSection {
    /// How long delivered events are kept. `0s`: for ever.
    pub retention: Period,
}

impl Default for EventsSection {
    fn default() -> Self {
        Self { retention: Period::new(90, Unit::Days) }
    }
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// How lines are written.
    pub format: LogFormat,
    /// What is written: a level, or levels by part (`info,hosts=debug`).
    pub level: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[limits]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// The largest request, in bytes after decoding.
    pub request_bytes_max: usize,
    /// The largest body of an admin call, in bytes.
    pub body_bytes_max: usize,
    /// Connections at once, on each listener.
    pub connections_max: usize,
    /// Engine calls at once; further ones wait.
    pub calls_max: usize,
    /// Engine calls that may wait; further ones are answered with 503.
    pub waiting_max: usize,
    /// The shortest RSA modulus of a request's key, in bits.
    pub rsa_bits_min: u32,
    /// The longest RSA modulus of a request's key, in bits.
    pub rsa_bits_max: u32,
    /// How long an orderly stop may take.
    pub stop: Period,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let rules = pki::KeyRules::default();
        let limits = frontends::Limits::default();
        Self {
            request_bytes_max: engine::Config::default().request_bytes_max,
            body_bytes_max: limits.body_bytes_max,
            connections_max: limits.connections_max,
            calls_max: limits.calls_max,
            waiting_max: limits.calls_waiting_max,
            rsa_bits_min: rules.rsa_bits_min,
            rsa_bits_max: rules.rsa_bits_max,
            stop: Period::new(30, Unit::Seconds),
        }
    }
}

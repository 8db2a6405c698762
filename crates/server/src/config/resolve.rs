//! [`File`] to checked values. No I/O.

mod check;
mod roles;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::{Config, CrlConfig};
use frontends::Limits;
use frontends::listen::TlsFiles;
use pki::{KeyRules, NameLengths};

use super::{File, LogFormat, OneOrMany, Problems};
use check::Checker;

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The file, every default filled in and every path made absolute: what `config show` prints.
    pub file: File,
    /// The data folder.
    pub folder: PathBuf,
    /// What the engine is told.
    pub engine: Config,
    /// The DNS name of this server; none: the machine's host name.
    pub dns_name: Option<String>,
    /// Where the private keys are.
    pub keys: Vec<PathBuf>,
    /// Where their passphrase is.
    pub passphrase: PassphraseSource,
    /// The database file.
    pub database: PathBuf,
    /// Who reaches the admin API how.
    pub admin: Admin,
    /// Where CRLs and CA certificates are served.
    pub publication: Vec<SocketAddr>,
    /// Where metrics are served without authentication.
    pub metrics: Option<SocketAddr>,
    /// The server's own log.
    pub log: Log,
    /// What the listeners allow.
    pub limits: Limits,
    /// How long an orderly stop may take.
    pub stop: Duration,
}

/// Where the keys' passphrase is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassphraseSource {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The terminal: asked for at start.
    Prompt,
}

/// Who reaches the admin API how.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The Unix socket.
    pub socket: Option<PathBuf>,
    /// Its permission bits.
    pub socket_mode: u32,
    /// Addresses with TLS.
    pub listen: Vec<SocketAddr>,
    /// What TLS needs; there whenever `listen` is not empty.
    pub tls: Option<TlsFiles>,
}

/// The server's own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// Which are written: a filter that was parsed once and is good.
    pub filter: String,
}

/// Checks `file`. Relative paths start at `folder`; `path` and `text` are for messages.
///
/// # Errors
/// Every mistake there is.
pub fn resolve(path: &Path, text: &str, folder: &Path, file: File) -> Result<Resolved, Problems> {
    let mut check = Checker::new(text);
    let engine = engine(&mut check, &file);
    let dns_name = check.dns_name("ca.dns_name", &file.ca.dns_name);
    let passphrase = passphrase(&mut check, folder, &file);
    let keys = keys(&mut check, folder, &file);
    let database = check.path("database.path", folder, &file.database.path);
    let admin = admin(&mut check, folder, &file);
    let publication = check.addresses("publication.listen", &file.publication.listen);
    let metrics = metrics(&mut check, &file);
    let log = log(&mut check, &file);
    let limits = limits(&mut check, &file);
    let stop = Duration::from_secs(check.seconds("limits.stop", file.limits.stop, 1, 3_600).into());
    let shown = shown(file, folder, &engine, &keys);
    let problems = check.problems();
    if !problems.is_empty() {
        return Err(Problems::new(path, problems));
    }
    Ok(Resolved {
        file: shown,
        folder: folder.to_owned(),
        engine,
        dns_name,
        keys,
        passphrase,
        database,
        admin,
        publication,
        metrics,
        log,
        limits,
        stop,
    })
}

fn engine(check: &mut Checker, file: &File) -> Config {
    let ca = &file.ca;
    check.common_name("ca.name", &ca.name);
    if ca.validity_max.is_zero() {
        check.problem("ca.validity_max", "no certificate could be issued with no validity");
    }
    check.period("ca.validity_max", ca.validity_max);
    check.profiles(&file.profiles);
    let default_profile = (!file.policy.default_profile.is_empty()).then(|| file.policy.default_profile.clone());
    if let Some(name) = default_profile.as_deref().filter(|name| !file.profiles.contains_key(*name)) {
        let known = file.profiles.keys().map(String::as_str).collect::<Vec<_>>();
        check.unknown("policy.default_profile", &format!("there is no [profiles.{name}]"), name, &known);
    }
    Config {
        name: ca.name.clone(),
        roles: roles::table(check, &file.roles),
        profiles: file.profiles.clone(),
        default_profile,
        subject_template: check.subject_template("ca.subject_template", &ca.subject_template),
        name_lengths: if ca.enforce_name_lengths { NameLengths::Enforced } else { NameLengths::Unlimited },
        validity_max: ca.validity_max,
        clock_skew_seconds: check.seconds("ca.clock_skew", ca.clock_skew, 0, 86_400),
        request_bytes_max: check.within("limits.request_bytes_max", file.limits.request_bytes_max, 1_024, 16_777_216),
        key_rules: key_rules(check, file),
        crl: crl(check, file),
        ca_locations: check.locations("locations.ca", &file.locations.ca),
        event_retention: check.period("events.retention", file.events.retention),
    }
}

fn key_rules(check: &mut Checker, file: &File) -> KeyRules {
    let rsa_bits_min = check.within("limits.rsa_bits_min", file.limits.rsa_bits_min, 2_048, 16_384);
    let rsa_bits_max = check.within("limits.rsa_bits_max", file.limits.rsa_bits_max, 2_048, 16_384);
    if rsa_bits_max < rsa_bits_min {
        check.problem("limits.rsa_bits_max", "it is below limits.rsa_bits_min");
    }
    KeyRules { rsa_bits_min, rsa_bits_max, ..KeyRules::default() }
}

fn crl(check: &mut Checker, file: &File) -> CrlConfig {
    let crl = &file.crl;
    let every = check.period("crl.period", crl.period);
    let delta = check.period("crl.delta_period", crl.delta_period);
    if !every.is_zero() && !delta.is_zero() && check::length(delta) >= check::length(every) {
        check.problem(
            "crl.delta_period",
            "delta CRLs must come more often than base CRLs (crl.period); 0s turns them off",
        );
    }
    CrlConfig {
        period: every,
        delta_period: delta,
        overlap: check.period("crl.overlap", crl.overlap),
        delta_overlap: check.period("crl.delta_overlap", crl.delta_overlap),
        delta_uses_oldest_base: crl.delta_uses_oldest_base,
        locations: check.locations("locations.crl", &file.locations.crl),
    }
}

fn keys(check: &mut Checker, folder: &Path, file: &File) -> Vec<PathBuf> {
    let files = file.keys.file.as_slice();
    if files.is_empty() {
        check.problem("keys.file", "a certification authority needs at least one key");
    }
    files.iter().map(|path| check.path("keys.file", folder, path)).collect()
}

fn passphrase(check: &mut Checker, folder: &Path, file: &File) -> PassphraseSource {
    match (&file.keys.passphrase_file, &file.keys.passphrase_env) {
        (Some(_), Some(_)) => {
            check.problem(
                "keys.passphrase_env",
                "the passphrase is in a file (keys.passphrase_file) or here, not in both",
            );
            PassphraseSource::Prompt
        }
        (Some(path), None) => PassphraseSource::File(check.path("keys.passphrase_file", folder, path)),
        (None, Some(name)) if name.is_empty() || name.contains(['=', '\0']) => {
            check.problem("keys.passphrase_env", &format!("`{name}` cannot be an environment variable"));
            PassphraseSource::Prompt
        }
        (None, Some(name)) => PassphraseSource::Environment(name.clone()),
        (None, None) => PassphraseSource::Prompt,
    }
}

fn admin(check: &mut Checker, folder: &Path, file: &File) -> Admin {
    let section = &file.admin;
    let listen = check.addresses("admin.listen", &section.listen);
    let socket =
        (!section.socket.as_os_str().is_empty()).then(|| check.socket("admin.socket", folder, &section.socket));
    if socket.is_none() && listen.is_empty() {
        check.problem("admin.socket", "nobody could reach the server: without a socket, admin.listen needs an address");
    }
    let tls = section.tls.as_ref().map(|tls| TlsFiles {
        certificate: check.path("admin.tls.certificate", folder, &tls.certificate),
        key: check.path("admin.tls.key", folder, &tls.key),
        client_roots: check.path("admin.tls.client_roots", folder, &tls.client_roots),
        client_crls: tls.client_crls.as_ref().map(|path| check.path("admin.tls.client_crls", folder, path)),
    });
    if tls.is_none() && !listen.is_empty() {
        check.problem("admin.listen", "it needs the section [admin.tls] with certificate, key and client_roots");
    }
    Admin { socket, socket_mode: check.mode("admin.socket_mode", &section.socket_mode), listen, tls }
}

fn metrics(check: &mut Checker, file: &File) -> Option<SocketAddr> {
    let text = &file.metrics.listen;
    if text.is_empty() {
        return None;
    }
    let address = check.address("metrics.listen", text)?;
    if !address.ip().is_loopback() {
        check.problem("metrics.listen", "metrics without authentication are for this machine only");
    }
    Some(address)
}

fn log(check: &mut Checker, file: &File) -> Log {
    let filter = file.log.level.clone();
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&filter) {
        check.problem("log.level", &format!("`{filter}` is not a level: {error}"));
    }
    Log { format: file.log.format, filter }
}

fn limits(check: &mut Checker, file: &File) -> Limits {
    let limits = &file.limits;
    Limits {
        body_bytes_max: check.within("limits.body_bytes_max", limits.body_bytes_max, 4_096, 67_108_864),
        connections_max: check.within("limits.connections_max", limits.connections_max, 1, 65_536),
        calls_max: check.within("limits.calls_max", limits.calls_max, 1, 512),
        calls_waiting_max: check.within("limits.waiting_max", limits.waiting_max, 0, 65_536),
        ..Limits::default()
    }
}

/// The file as it is in force: paths absolute, the classic order of subject parts spelt out.
fn shown(mut file: File, folder: &Path, engine: &Config, keys: &[PathBuf]) -> File {
    let absolute = |path: &mut PathBuf| {
        if !path.as_os_str().is_empty() {
            *path = folder.join(&*path);
        }
    };
    file.ca.subject_template = engine.subject_template.iter().map(|part| part.as_str().to_owned()).collect();
    file.keys.file = match keys {
        [one] => OneOrMany::One(one.clone()),
        many => OneOrMany::Many(many.to_vec()),
    };
    file.keys.passphrase_file.as_mut().map(absolute);
    absolute(&mut file.database.path);
    absolute(&mut file.admin.socket);
    if let Some(tls) = &mut file.admin.tls {
        [&mut tls.certificate, &mut tls.key, &mut tls.client_roots]
            .into_iter()
            .chain(&mut tls.client_crls)
            .for_each(absolute);
    }
    file
}

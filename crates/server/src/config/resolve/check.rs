//! One check for each kind of value. A failed check is noted, and something harmless returned, so that all mistakes are
//! told at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use engine::location::Location;
use jiff::Timestamp;
use module::Profile;
use module::moment::{Period, Unit};
use modules::policy::DefaultPolicy;
use pki::NameComponent;

use crate::config::locate::Places;
use crate::config::{Problem, keys};

/// Longest common name, in characters (X.520 ub-common-name).
const COMMON_NAME_MAX: usize = 64;

/// Longest path of a Unix socket, in bytes (`sun_path`, less its NUL).
const SOCKET_PATH_MAX: usize = 107;

/// Gathers mistakes.
pub(super) struct Checker {
    places: Places,
    problems: Vec<Problem>,
}

impl Checker {
    pub(super) fn new(text: &str) -> Self {
        Self { places: Places::new(text), problems: Vec::new() }
    }

    pub(super) fn problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Notes a mistake.
    pub(super) fn problem(&mut self, key: &str, message: &str) {
        self.instead(key, message, keys::hint(key));
    }

    /// Notes a name that is not among the known ones.
    pub(super) fn unknown(&mut self, key: &str, message: &str, word: &str, known: &[&str]) {
        let instead = match keys::nearest(word, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => String::new(),
            None => format!("there are: {}", known.join(", ")),
        };
        self.instead(key, message, instead);
    }

    fn instead(&mut self, key: &str, message: &str, instead: String) {
        let place = self.places.place(key);
        self.problems.push(Problem { place, key: key.to_owned(), message: message.to_owned(), instead });
    }

    pub(super) fn common_name(&mut self, key: &str, name: &str) {
        if name.trim().is_empty() {
            self.problem(key, "the certification authority needs a name");
        } else if name.chars().count() > COMMON_NAME_MAX {
            self.problem(key, "it is longer than 64 characters");
        } else if name.chars().any(char::is_control) {
            self.problem(key, "it has a control character in it");
        }
    }

    /// A host name by RFC 1123 2.1: labels of letters, digits and inner hyphens. Empty: none.
    pub(super) fn dns_name(&mut self, key: &str, name: &str) -> Option<String> {
        if name.is_empty() {
            return None;
        }
        let label = |label: &str| {
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            self.problem(key, &format!("`{name}` is not a DNS name"));
        }
        Some(name.to_owned())
    }

    pub(super) fn path(&mut self, key: &str, folder: &Path, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() {
            self.problem(key, "it is empty");
        }
        folder.join(path)
    }

    pub(super) fn socket(&mut self, key: &str, folder: &Path, path: &Path) -> PathBuf {
        let path = self.path(key, folder, path);
        let length = path.as_os_str().len();
        if length > SOCKET_PATH_MAX {
            let message = format!(
                "{} is {length} bytes long; the path of a socket has room for {SOCKET_PATH_MAX}",
                path.display()
            );
            self.instead(key, &message, "write a shorter absolute path, such as \"/run/exeunt/admin.sock\"".into());
        }
        path
    }

    pub(super) fn mode(&mut self, key: &str, text: &str) -> u32 {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o600 == 0o600);
        mode.unwrap_or_else(|| {
            self.problem(key, &format!("`{text}` is not a mode that lets the server's own user in"));
            0o600
        })
    }

    pub(super) fn address(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        let address = text.parse().ok();
        if address.is_none() {
            self.problem(key, &format!("`{text}` is not an address with a port"));
        }
        address
    }

    pub(super) fn addresses(&mut self, key: &str, texts: &[String]) -> Vec<SocketAddr> {
        let mut addresses = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let element = format!("{key}[{index}]");
            let Some(address) = self.address(&element, text) else { continue };
            if addresses.contains(&address) && address.port() != 0 {
                self.problem(&element, &format!("{address} is listed twice"));
            }
            addresses.push(address);
        }
        addresses
    }

    pub(super) fn within<T: PartialOrd + Display + Copy>(&mut self, key: &str, value: T, least: T, most: T) -> T {
        if value < least || value > most {
            let message = format!("{value} is out of range");
            self.instead(key, &message, format!("write a number from {least} to {most}"));
            return least;
        }
        value
    }

    /// A period the calendar can hold.
    pub(super) fn period(&mut self, key: &str, period: Period) -> Period {
        if let Err(error) = period.after(Timestamp::UNIX_EPOCH) {
            self.problem(key, &error.message);
        }
        period
    }

    /// A period of fixed length, in seconds.
    pub(super) fn seconds(&mut self, key: &str, period: Period, least: u32, most: u32) -> u32 {
        let factor: u64 = match period.unit {
            Unit::Seconds => 1,
            Unit::Minutes => 60,
            Unit::Hours => 3_600,
            Unit::Days => 86_400,
            Unit::Weeks => 604_800,
            Unit::Months | Unit::Years => {
                self.problem(key, &format!("{period} has no fixed length"));
                return least;
            }
        };
        let seconds = u32::try_from(factor * u64::from(period.units)).unwrap_or(u32::MAX);
        if seconds < least || seconds > most {
            let message = format!("{period} is out of range");
            self.instead(key, &message, format!("write a period from {least} s to {most} s"));
            return least;
        }
        seconds
    }

    /// The order of subject parts; the classic one where none is given.
    pub(super) fn subject_template(&mut self, key: &str, parts: &[String]) -> Vec<NameComponent> {
        if parts.is_empty() {
            return NameComponent::DEFAULT_ORDER.to_vec();
        }
        let mut order = Vec::with_capacity(parts.len());
        for (index, text) in parts.iter().enumerate() {
            let element = format!("{key}[{index}]");
            match NameComponent::from_alias(text) {
                None => {
                    let known = NameComponent::DEFAULT_ORDER.iter().map(|part| part.as_str()).collect::<Vec<_>>();
                    self.unknown(&element, &format!("`{text}` is not a subject part"), text, &known);
                }
                Some(part) if order.contains(&part) => self.problem(&element, &format!("{text} is listed twice")),
                Some(part) => order.push(part),
            }
        }
        order
    }

    pub(super) fn locations(&mut self, key: &str, texts: &[String]) -> Vec<Location> {
        let mut locations = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            match Location::from_str(text) {
                Ok(location) => locations.push(location),
                Err(error) => self.problem(&format!("{key}[{index}]"), &error.to_string()),
            }
        }
        locations
    }

    /// Each profile by itself, so that all mistakes are told; then all together, for names that are too alike.
    pub(super) fn profiles(&mut self, profiles: &BTreeMap<String, Profile>) {
        let mut good = true;
        for (name, profile) in profiles {
            let alone = BTreeMap::from([(name.clone(), profile.clone())]);
            if let Err(error) = DefaultPolicy::new(Arc::new(alone), None) {
                self.instead(&format!("profiles.{name}"), &error.message, String::new());
                good = false;
            }
        }
        if good && let Err(error) = DefaultPolicy::new(Arc::new(profiles.clone()), None) {
            self.instead("profiles", &error.message, String::new());
        }
    }
}

/// About how long a period is, for comparing two.
pub(super) fn length(period: Period) -> i64 {
    period.after(Timestamp::UNIX_EPOCH).map_or(i64::MAX, Timestamp::as_second)
}

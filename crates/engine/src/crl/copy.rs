//! Writing CRLs to the locations where they are fetched.

use module::{HResult, ModuleError};

use super::{CrlReader, Occasion, PublishFlags, Publisher};
use crate::Error;
use crate::location::Use;
use crate::store::{CrlKind, CrlRow};

/// Characters of `CRLPublishError`.
const ERROR_CHARS_MAX: usize = 8_192;

/// Tries every location for every CRL, and notes in the rows how it went. `rows`: of each key the base before the delta.
/// `tried` is called after each attempt.
///
/// A delta is held back from a medium that its base could not be written to: a delta without its base helps nobody.
pub(super) fn copy(publisher: &Publisher<'_>, rows: &mut [CrlRow], occasion: Occasion<'_>, tried: &mut dyn FnMut()) {
    let mut failed_bases: Vec<(u16, Medium)> = Vec::new();
    for row in rows.iter_mut().filter(|row| row.body.is_some()) {
        let kind = row.kind();
        let mut failures = Vec::new();
        let mut errors = PublishFlags::empty();
        for (index, location) in locations(publisher, row) {
            let medium = Medium::of(&location);
            let postponed = kind == CrlKind::Delta && failed_bases.contains(&(row.key, medium));
            let written = if postponed { Err(held_back()) } else { write(publisher, row, &location, medium) };
            if let Err(error) = written {
                tracing::error!(key = row.key, number = row.number, %kind, %location, %error, "a CRL could not be published");
                errors |= if postponed { medium.postponed_flag() } else { medium.error_flag() };
                if kind == CrlKind::Base {
                    failed_bases.push((row.key, medium));
                }
                failures.push((index, location, error));
            }
            tried();
        }
        note(row, occasion, publisher.now(), errors, &failures);
    }
}

/// The locations a CRL is written to, with their places in the configuration.
pub(super) fn locations(publisher: &Publisher<'_>, row: &CrlRow) -> Vec<(usize, String)> {
    let (wanted, delta) = match row.kind() {
        CrlKind::Base => (Use::SERVER_PUBLISH, false),
        CrlKind::Delta => (Use::SERVER_PUBLISH_DELTA, true),
    };
    // The newest certificate of the key, as in the CRL itself.
    let certificates = publisher.ca.certificates().iter().filter(|installed| installed.row.key_index == row.key);
    let certificate = certificates.map(|installed| installed.row.index).max().unwrap_or(row.key);
    let tokens = publisher.tokens(certificate, row.key, delta);
    let indexed = publisher.config.crl.locations.iter().enumerate();
    let used = indexed.filter(|(_, location)| location.uses.contains(wanted));
    used.map(|(index, location)| (index, tokens.url(&location.template))).collect()
}

/// The flag of a publication that somebody asked for.
pub(super) fn manual(occasion: Occasion<'_>) -> PublishFlags {
    if occasion.by().is_some() { PublishFlags::MANUAL } else { PublishFlags::empty() }
}

/// How `CRLPublishError` begins.
pub(super) fn headline(occasion: Occasion<'_>) -> String {
    format!("Published by {}", occasion.by().unwrap_or("-"))
}

fn write(publisher: &Publisher<'_>, row: &CrlRow, location: &str, medium: Medium) -> Result<(), ModuleError> {
    if matches!(medium, Medium::Http | Medium::Ftp) {
        let message = "CRLs are fetched from such a location, and cannot be written there";
        return Err(ModuleError::new(HResult::ERROR_BAD_PATHNAME, message));
    }
    let unreadable = |error: Error| ModuleError::new(error.code(), error.to_string());
    let mut body = CrlReader::new(publisher.store, row).map_err(unreadable)?;
    publisher.world.files.publish(location, &mut body)
}

fn held_back() -> ModuleError {
    ModuleError::new(HResult::E_ABORT, "held back, since the base CRL could not be written")
}

fn note(
    row: &mut CrlRow,
    occasion: Occasion<'_>,
    now: jiff::Timestamp,
    errors: PublishFlags,
    failures: &[(usize, String, ModuleError)],
) {
    let kind = PublishFlags::BASE | PublishFlags::DELTA | PublishFlags::SHADOW;
    let outcome = if failures.is_empty() { PublishFlags::COMPLETE } else { errors };
    let flags = (PublishFlags::from_bits_truncate(row.flags) & kind) | outcome | manual(occasion);
    row.flags = flags.bits();
    row.last_published = Some(now);
    row.attempts = row.attempts.saturating_add(1);
    row.status = failures.first().map_or(HResult::S_OK, |(_, _, error)| error.code);
    let mut text = headline(occasion);
    for (index, location, error) in failures {
        text.push_str(&format!("\n{index}: {location}: {error}"));
    }
    row.error = text.chars().take(ERROR_CHARS_MAX).collect();
}

/// What a location is on. Locations of one medium are thought to fail together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Medium {
    File,
    Ldap,
    Http,
    Ftp,
    Other,
}

impl Medium {
    fn of(location: &str) -> Self {
        let scheme = location.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // One letter is a drive.
        if !is_scheme || scheme.len() < 2 {
            return Self::File;
        }
        match scheme.to_ascii_lowercase().as_str() {
            "file" => Self::File,
            "ldap" | "ldaps" => Self::Ldap,
            "http" | "https" => Self::Http,
            "ftp" | "ftps" => Self::Ftp,
            _ => Self::Other,
        }
    }

    fn error_flag(self) -> PublishFlags {
        match self {
            Self::File => PublishFlags::FILE_ERROR,
            Self::Ldap => PublishFlags::LDAP_ERROR,
            Self::Http => PublishFlags::HTTP_ERROR,
            Self::Ftp => PublishFlags::FTP_ERROR,
            Self::Other => PublishFlags::BAD_URL_ERROR,
        }
    }

    /// There are flags for the two media that can be written to.
    fn postponed_flag(self) -> PublishFlags {
        match self {
            Self::File => PublishFlags::POSTPONED_BASE_FILE_ERROR,
            Self::Ldap => PublishFlags::POSTPONED_BASE_LDAP_ERROR,
            Self::Http | Self::Ftp | Self::Other => self.error_flag(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_told_by_the_scheme() {
        for (location, medium) in [
            ("/srv/pki/Example CA.crl", Medium::File),
            ("/srv/pki/a:b.crl", Medium::File),
            ("C:\\pki\\ca.crl", Medium::File),
            ("\\\\server\\pki\\ca.crl", Medium::File),
            ("FILE:///srv/ca.crl", Medium::File),
            ("ldap:///CN=x", Medium::Ldap),
            ("https://pki.example/ca.crl", Medium::Http),
            ("ftp://pki.example/ca.crl", Medium::Ftp),
            ("s3://bucket/ca.crl", Medium::Other),
        ] {
            assert_eq!(Medium::of(location), medium, "{location}");
        }
    }
}

//! The settings of the module `file`.

use std::path::PathBuf;
use std::str::FromStr;

use der::pem::LineEnding;
use module::{HResult, ModuleError, Setting, Settings};

pub(super) static SETTINGS: &[Setting] = &[
    Setting { name: "directory", default: "", meaning: "absolute path of a directory that exists" },
    Setting {
        name: "certificates",
        default: "attribute",
        meaning: "which certificates are written, as <RequestID>.cer: `attribute` (those with the attribute CertFile, \
                  whatever its value), `all` or `none`",
    },
    Setting { name: "crls", default: "true", meaning: "whether CRLs are written: true or false" },
    Setting { name: "ca_certificates", default: "true", meaning: "whether CA certificates are written: true or false" },
    Setting { name: "format", default: "der", meaning: "`der` or `pem`" },
];

/// Which certificates are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certificates {
    /// Those whose request has the attribute `CertFile`.
    Attribute,
    /// Every one.
    All,
    /// Not one.
    None,
}

/// How files are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As signed.
    Der,
    /// RFC 7468.
    Pem,
}

#[derive(Clone, Debug)]
pub(super) struct FileSettings {
    pub(super) directory: PathBuf,
    pub(super) certificates: Certificates,
    pub(super) crls: bool,
    pub(super) ca_certificates: bool,
    pub(super) format: Format,
}

impl FileSettings {
    pub(super) fn resolve(settings: &Settings) -> Result<Self, ModuleError> {
        settings.check_names(SETTINGS)?;
        let directory = PathBuf::from(settings.required("directory")?.trim());
        if !directory.is_absolute() {
            return Err(ModuleError::invalid("the setting `directory` is not an absolute path"));
        }
        Ok(Self {
            directory,
            certificates: settings.parsed("certificates", Certificates::Attribute)?,
            crls: settings.parsed("crls", true)?,
            ca_certificates: settings.parsed("ca_certificates", true)?,
            format: settings.parsed("format", Format::Der)?,
        })
    }
}

impl Format {
    /// The file's bytes.
    pub(super) fn encode(self, label: &'static str, der: Vec<u8>) -> Result<Vec<u8>, ModuleError> {
        match self {
            Self::Der => Ok(der),
            Self::Pem => der::pem::encode_string(label, LineEnding::LF, &der)
                .map(String::into_bytes)
                .map_err(|error| ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, error.to_string())),
        }
    }
}

impl FromStr for Certificates {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "attribute" => Ok(Self::Attribute),
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => Err("it is `attribute`, `all` or `none`"),
        }
    }
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "der" => Ok(Self::Der),
            "pem" => Ok(Self::Pem),
            _ => Err("it is `der` or `pem`"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn settings_are_checked() {
        let resolve = |pairs: &[(&str, &str)]| FileSettings::resolve(&pairs.iter().copied().collect());
        let plain = resolve(&[("directory", "/srv/pki")]).unwrap();
        assert_eq!(plain.certificates, Certificates::Attribute);
        assert!(plain.crls && plain.ca_certificates && plain.format == Format::Der);
        for pairs in [
            &[][..],
            &[("directory", "srv")],
            &[("directory", "/srv"), ("certificates", "some")],
            &[("directory", "/srv"), ("crls", "yes")],
            &[("directory", "/srv"), ("format", "PEM")],
            &[("directory", "/srv"), ("dir", "/srv")],
        ] {
            assert!(resolve(pairs).is_err(), "{pairs:?}");
        }
    }

    #[test]
    fn pem_has_lines_of_64() {
        let pem = Format::Pem.encode("X509 CRL", vec![0; 100]).unwrap();
        let text = String::from_utf8(pem).unwrap();
        assert!(text.starts_with("-----BEGIN X509 CRL-----\n") && text.ends_with("-----END X509 CRL-----\n"));
        assert!(text.lines().all(|line| line.len() <= 64));
    }
}

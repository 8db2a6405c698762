//! Which extensions of a request the default policy module enables, and which it takes out: as the module's key says.

use module::{CertificateExtension, ExtensionFlags, ModuleError, ServerPolicy};

use crate::registry::{self, RegistryValue};

/// The bits of `EditFlags` that are about lists of extensions: take every extension of a request, take those of
/// `EnableRequestExtensionList`, take out those of `DisableExtensionList`. What the others ask for is the profile's to say.
const ENABLE_ALL: u32 = 0x1;
const ENABLE_LISTED: u32 = 0x2;
const DISABLE_LISTED: u32 = 0x4;
/// `EditFlags` of a standalone authority.
const DEFAULT_EDIT_FLAGS: u32 = 0x83ee;

/// `EnableRequestExtensionList` where there is none.
const ENABLED: [&str; 16] = [
    "1.2.840.113549.1.9.15",
    "1.3.6.1.4.1.311.21.1",
    "1.3.6.1.4.1.311.21.2",
    "2.5.29.15",
    "1.3.6.1.4.1.311.10.9.1",
    "1.3.6.1.4.1.311.20.2",
    "1.3.6.1.4.1.311.21.7",
    "1.3.6.1.4.1.311.21.10",
    "1.3.6.1.4.1.311.21.11",
    "1.3.6.1.4.1.311.21.12",
    "2.5.29.17",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
];

/// What the key says of extensions. An entry that begins with `-` is none: no object identifier does.
#[derive(Debug)]
pub(super) struct Lists {
    all: bool,
    enabled: Vec<String>,
    disabled: Vec<String>,
}

impl Lists {
    /// Reads the values of a key.
    pub(super) fn read(key: &str) -> Result<Self, ModuleError> {
        Self::of(|name| registry::read(key, name))
    }

    fn of(value: impl Fn(&str) -> Result<Option<RegistryValue>, ModuleError>) -> Result<Self, ModuleError> {
        let flags = value("EditFlags")?.and_then(|value| value.as_number()).unwrap_or(DEFAULT_EDIT_FLAGS);
        let list = |name| Ok::<_, ModuleError>(value(name)?.map(|value| value.as_texts()));
        let mut lists = Self { all: flags & ENABLE_ALL != 0, enabled: Vec::new(), disabled: Vec::new() };
        if flags & ENABLE_LISTED != 0 {
            let listed = list("EnableRequestExtensionList")?;
            lists.enabled = listed.unwrap_or_else(|| ENABLED.map(str::to_owned).to_vec());
        }
        // On a standalone authority the requester supplies the subject, and so this list counts without a flag.
        lists.enabled.extend(list("EnableEnrolleeRequestExtensionList")?.unwrap_or_default());
        if flags & DISABLE_LISTED != 0 {
            lists.disabled = list("DisableExtensionList")?.unwrap_or_default();
        }
        Ok(lists)
    }

    /// Enables what the lists say of a `new` request, and disables what they say of every one.
    pub(super) fn apply(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<(), ModuleError> {
        for oid in server.extensions()? {
            let extension = server.certificate_extension(&oid)?;
            if let Some(flags) = self.flags(&oid, extension.flags, new) {
                server.set_certificate_extension(CertificateExtension { oid, flags, value: extension.value })?;
            }
        }
        Ok(())
    }

    /// The flags that an extension gets; none where it stays as it is.
    fn flags(&self, oid: &str, flags: ExtensionFlags, new: bool) -> Option<ExtensionFlags> {
        let among = |list: &[String]| list.iter().any(|listed| listed == oid);
        let flags = if among(&self.disabled) {
            flags.is_enabled().then(|| flags | ExtensionFlags::DISABLE)?
        } else {
            let asked = new && flags.is_from_request() && !flags.is_enabled();
            (asked && (self.all || among(&self.enabled))).then(|| flags.difference(ExtensionFlags::DISABLE))?
        };
        Some(ExtensionFlags::from_bits_retain(flags.bits() & ExtensionFlags::POLICY_MASK))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ASKED: ExtensionFlags = ExtensionFlags::ORIGIN_REQUEST.union(ExtensionFlags::DISABLE);

    /// Which of three extensions count in the end, of a new request: names, a private one, and the engine's own.
    fn counting(flags: Option<u32>, lists: &[(&str, &[&str])]) -> Vec<&'static str> {
        let lists = Lists::of(|name| {
            Ok(match lists.iter().find(|(listed, _)| *listed == name) {
                Some((_, texts)) => Some(RegistryValue::texts(texts.iter().copied())),
                None => flags.filter(|_| name == "EditFlags").map(RegistryValue::number),
            })
        });
        let lists = lists.unwrap();
        let rows = [("2.5.29.17", ASKED), ("1.2.3", ASKED), ("2.5.29.35", ExtensionFlags::ORIGIN_SERVER)];
        let counts = |(oid, flags)| lists.flags(oid, flags, true).unwrap_or(flags).is_enabled();
        rows.into_iter().filter(|row| counts(*row)).map(|(oid, _)| oid).collect()
    }

    #[test]
    fn extensions_count_as_the_lists_say() {
        let enable = "EnableRequestExtensionList";
        let enrollee = "EnableEnrolleeRequestExtensionList";
        let disable = "DisableExtensionList";
        for (flags, lists, expected) in [
            (None, &[][..], &["2.5.29.17", "2.5.29.35"][..]),
            (None, &[(enable, &["1.2.3"][..])], &["1.2.3", "2.5.29.35"]),
            (None, &[(enable, &["-1.2.3", "--1.2.3", "1.2.3.4"])], &["2.5.29.35"]),
            (None, &[(enrollee, &["1.2.3"])], &["2.5.29.17", "1.2.3", "2.5.29.35"]),
            (None, &[(disable, &["2.5.29.17", "2.5.29.35"])], &[]),
            (Some(ENABLE_ALL), &[(disable, &["2.5.29.17"])], &["2.5.29.17", "1.2.3", "2.5.29.35"]),
            (Some(ENABLE_ALL | DISABLE_LISTED), &[(disable, &["2.5.29.17"])], &["1.2.3", "2.5.29.35"]),
            (Some(0), &[(enable, &["1.2.3"])], &["2.5.29.35"]),
        ] {
            assert_eq!(counting(flags, lists), expected, "{flags:x?} {lists:?}");
        }
    }

    #[test]
    fn a_resubmission_enables_nothing_and_takes_out_what_is_listed() {
        let lists = Lists::of(|name| Ok((name == "DisableExtensionList").then(|| RegistryValue::texts(["1.2.3"]))));
        let lists = lists.unwrap();
        assert_eq!(lists.flags("2.5.29.17", ASKED, false), None);
        let set = ExtensionFlags::ORIGIN_POLICY | ExtensionFlags::CRITICAL;
        let gone = lists.flags("1.2.3", set, false).unwrap();
        assert_eq!(gone, ExtensionFlags::CRITICAL | ExtensionFlags::DISABLE, "the origin is the engine's to say");
        assert_eq!(lists.flags("1.2.3", gone, false), None);
    }
}

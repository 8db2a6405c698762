//! Profiles to start from, as the TOML that `exeunt init` writes into the configuration.
//!
//! Each is a whole `[profiles.NAME]` section with comments. None of them issues by itself: names are taken from the
//! request, and a certificate manager looks at every one, until the operator narrows the names and says `issue`.

/// A profile to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name: what stands after `profiles.`.
    pub name: &'static str,
    /// The section, in TOML, with comments. Ends with a newline.
    pub toml: &'static str,
}

/// Every preset: `tls-server`, `tls-client`, `code-signing`, `email`, `sub-ca`.
pub const PRESETS: &[Preset] = &[
    Preset { name: "tls-server", toml: include_str!("presets/tls-server.toml") },
    Preset { name: "tls-client", toml: include_str!("presets/tls-client.toml") },
    Preset { name: "code-signing", toml: include_str!("presets/code-signing.toml") },
    Preset { name: "email", toml: include_str!("presets/email.toml") },
    Preset { name: "sub-ca", toml: include_str!("presets/sub-ca.toml") },
];

/// The preset with this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

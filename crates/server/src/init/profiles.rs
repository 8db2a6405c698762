//! The profiles a new authority starts with.

use modules::policy::presets::PRESETS;

/// For an authority that is meant: the presets, with what they say about themselves. None issues by itself.
pub fn initial() -> String {
    PRESETS.iter().map(|preset| preset.toml.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// For a development authority: the same, for every name and at once, but for subordinate authorities.
pub fn development() -> String {
    let open = |toml: &str| {
        let lines = toml.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines
            .collect::<Vec<_>>()
            .join("\n")
            .replace("ip = []", "ip = [\"0.0.0.0/0\", \"::/0\"]")
            .replace("dns_wildcards = false", "dns_wildcards = true")
    };
    let issue = |name: &str, toml: String| match name {
        "sub-ca" => toml,
        _ => toml.replace("decision = \"pend\"", "decision = \"issue\""),
    };
    PRESETS.iter().map(|preset| issue(preset.name, open(preset.toml))).collect::<Vec<_>>().join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use module::Profile;
    use module::profile::ProfileDecision;
    use modules::policy::DefaultPolicy;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Profiles {
        profiles: BTreeMap<String, Profile>,
    }

    #[test]
    fn both_sets_are_good_and_only_development_issues_by_itself() {
        let initial: Profiles = toml::from_str(&super::initial()).unwrap();
        let development: Profiles = toml::from_str(&super::development()).unwrap();
        assert_eq!(initial.profiles.len(), PRESETS.len());
        assert!(initial.profiles.values().all(|profile| profile.decision == ProfileDecision::Pend));
        for (name, profile) in &development.profiles {
            let expected = if name == "sub-ca" { ProfileDecision::Pend } else { ProfileDecision::Issue };
            assert_eq!(profile.decision, expected, "{name}");
        }
        let server = development.profiles.get("tls-server").unwrap();
        assert!(server.names.dns_wildcards && server.names.ip.len() == 2);
        DefaultPolicy::new(Arc::new(initial.profiles), None).unwrap();
        DefaultPolicy::new(Arc::new(development.profiles), Some("tls-server".into())).unwrap();
    }
}

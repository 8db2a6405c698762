//! The file that `init` writes: short, commented, and the same as its defaults where it says nothing.

use std::fmt::Write;

use toml::Value;

/// What a new configuration file says.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// `ca.name`.
    pub name: String,
    /// `ca.dns_name`.
    pub dns_name: String,
    /// `keys.passphrase_file`, as it is to be written.
    pub passphrase_file: Option<String>,
    /// `keys.passphrase_env`.
    pub passphrase_env: Option<String>,
    /// Who holds every role at first: `unix:alice`.
    pub owner: String,
    /// `publication.listen`.
    pub publication: Vec<String>,
    /// `locations.crl`.
    pub crl_locations: Vec<String>,
    /// `locations.ca`.
    pub ca_locations: Vec<String>,
    /// `policy.default_profile`.
    pub default_profile: String,
    /// The profiles, as TOML text.
    pub profiles: String,
    /// A first line that says what the file is for.
    pub heading: String,
}

impl Template {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("writing to a String does not fail");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let owner = quoted(&self.owner);
        writeln!(out, "# {}", self.heading)?;
        writeln!(
            out,
            "# Every key is explained in docs/manual/configuration.md; check a change with `exeunt config check`."
        )?;
        writeln!(out, "\n[ca]\nname = {}\ndns_name = {}", quoted(&self.name), quoted(&self.dns_name))?;
        writeln!(out, "\n[keys]\nfile = \"ca.key\"")?;
        match (&self.passphrase_file, &self.passphrase_env) {
            (Some(path), _) => writeln!(out, "passphrase_file = {}", quoted(path))?,
            (None, Some(name)) => writeln!(out, "passphrase_env = {}", quoted(name))?,
            (None, None) => writeln!(out, "# No passphrase_file and no passphrase_env: it is asked for at start.")?,
        }
        writeln!(out, "\n[admin]\nsocket = \"admin.sock\"")?;
        writeln!(out, "\n[publication]\nlisten = {}", list(&self.publication))?;
        writeln!(
            out,
            "\n# USES:URL. 1 writes the file, 2 names it in certificates, 4 in the freshest CRL extension, 64 writes the delta CRL."
        )?;
        writeln!(out, "[locations]\ncrl = {}\nca = {}", list(&self.crl_locations), list(&self.ca_locations))?;
        writeln!(out, "\n# One person holds every role here. Share them out, then set separation = true.")?;
        writeln!(out, "[roles]\nadministrator = [{owner}]\ncertificate_manager = [{owner}]\nauditor = [{owner}]")?;
        writeln!(out, "operator = [{owner}]\nenrollee = [{owner}]\nseparation = false")?;
        if !self.default_profile.is_empty() {
            writeln!(out, "\n[policy]\ndefault_profile = {}", quoted(&self.default_profile))?;
        }
        writeln!(out, "\n# What may be issued; docs/manual/profiles.md has every key.\n{}", self.profiles.trim())
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let template = Template {
            name: "The \"Example\" CA\\".into(),
            dns_name: "ca.example.org".into(),
            passphrase_env: Some("EXEUNT_PASSPHRASE".into()),
            owner: "unix:alice".into(),
            publication: vec!["127.0.0.1:8080".into()],
            crl_locations: vec!["65:crl/%3%8%9.crl".into(), "6:http://%1/CertEnroll/%3%8%9.crl".into()],
            default_profile: "web".into(),
            profiles: "[profiles.web]\ndecision = \"issue\"\n".into(),
            heading: "Exeunt.".into(),
            ..Template::default()
        };
        let text = template.text();
        let path = Path::new("exeunt.toml");
        let file = crate::config::parse(path, &text).unwrap();
        let resolved = crate::config::resolve(path, &text, Path::new("/data"), file).unwrap();
        assert_eq!(resolved.engine.name, template.name);
        assert_eq!(resolved.engine.crl.locations.len(), 2);
        assert_eq!(resolved.passphrase, crate::config::PassphraseSource::Environment("EXEUNT_PASSPHRASE".into()));
    }
}

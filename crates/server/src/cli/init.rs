//! `exeunt init`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use keys::Passphrase;
use module::moment::Period;
use pki::{KeyAlgorithm, Name};
use serde::Serialize;

use super::Context;
use super::output::{Facts, STRONG, hex_groups};
use crate::Error;
use crate::config::PassphraseSource;
use crate::folder::DataFolder;
use crate::init::{self, Initialised, Plan, Publication, Rank};

/// Options of `exeunt init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The authority's common name
    #[arg(long)]
    name: String,
    /// The subject of its certificate, RFC 4514 [default: CN=NAME]
    #[arg(long, value_name = "DN", value_parser = Name::parse)]
    subject: Option<Name>,
    /// The kind of key: p256, p384, rsa-2048, rsa-3072, rsa-4096, ed25519, ml-dsa-44, ml-dsa-65, ml-dsa-87
    #[arg(long, value_name = "KIND", default_value = "p256")]
    key: KeyAlgorithm,
    /// How long the root certificate is valid
    #[arg(long, value_name = "PERIOD", default_value = "10y", conflicts_with = "subordinate")]
    validity: Period,
    /// How many authorities may be below it, one under the other [default: no limit]
    #[arg(long, value_name = "N")]
    path_length: Option<u32>,
    /// Write a certificate request (ca.csr) for a parent authority instead of a root certificate
    #[arg(long)]
    subordinate: bool,
    /// The file whose first line is the key's passphrase; the server reads it at start
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_env")]
    passphrase_file: Option<PathBuf>,
    /// The environment variable that holds the key's passphrase, now and when the server starts
    #[arg(long, value_name = "NAME")]
    passphrase_env: Option<String>,
    /// The server's DNS name, as URLs in certificates will say it [default: this machine's]
    #[arg(long, value_name = "NAME")]
    dns_name: Option<String>,
    /// Serve CRLs and the CA certificate over plain HTTP on this address
    #[arg(long, value_name = "ADDRESS")]
    publish: Option<std::net::SocketAddr>,
    /// The URL prefix of CRLs and the CA certificate in certificates [default: http://DNS-NAME/CertEnroll]
    #[arg(long, value_name = "URL")]
    publish_url: Option<String>,
    /// Who holds every role at first [default: unix:YOU]
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

#[derive(Serialize)]
struct Made {
    data: PathBuf,
    configuration: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Init {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let folder = context.folder()?;
        if context.globals().config.is_some() {
            return Err(Error::usage("init writes exeunt.toml into the data folder; --config has no place here")
                .next("say where with --data DIR"));
        }
        let plan = self.plan(&folder)?;
        let made = init::initialise(&folder, &plan)?;
        if plan.publication.url.contains("%1") && plan.dns_name == "localhost" {
            context.output().warning("URLs in certificates will say localhost: set ca.dns_name in the configuration before anything is issued");
        }
        report(context, &folder, &made)?;
        Ok(ExitCode::SUCCESS)
    }

    fn plan(self, folder: &DataFolder) -> Result<Plan, Error> {
        let subject = match self.subject {
            Some(subject) => subject,
            None => common_name(&self.name)?,
        };
        let (passphrase, passphrase_source) = passphrase(folder, self.passphrase_file.as_deref(), self.passphrase_env)?;
        let dns_name = self.dns_name.unwrap_or_else(init::default_dns_name);
        let port = self.publish.map(|address| address.port()).filter(|port| *port != 80);
        let default_url = format!("http://%1{}/CertEnroll", port.map(|port| format!(":{port}")).unwrap_or_default());
        let url = self.publish_url.unwrap_or(default_url);
        Ok(Plan {
            name: self.name,
            subject,
            algorithm: self.key,
            rank: if self.subordinate { Rank::Subordinate } else { Rank::Root(self.validity) },
            path_length: self.path_length,
            dns_name,
            passphrase,
            passphrase_source,
            owner: self.owner.unwrap_or_else(init::this_user),
            publication: Publication {
                listen: self.publish.iter().map(ToString::to_string).collect(),
                url: url.trim_end_matches('/').to_owned(),
            },
            default_profile: String::new(),
            profiles: init::profiles::initial(),
            heading: "The configuration of a certification authority.".into(),
            journal: None,
        })
    }
}

/// A name of one common name, whatever characters it has.
fn common_name(name: &str) -> Result<Name, Error> {
    let values = [(pki::NameComponent::CommonName, name.to_owned())];
    Ok(Name::from_components(&pki::NameComponent::DEFAULT_ORDER, &values, pki::NameLengths::Enforced)?)
}

fn passphrase(
    folder: &DataFolder,
    file: Option<&Path>,
    env: Option<String>,
) -> Result<(Passphrase, PassphraseSource), Error> {
    match (file, env) {
        (Some(file), _) => {
            let path = std::path::absolute(file).map_err(|error| Error::io(file, &error))?;
            let passphrase = Passphrase::from_file(&path)?;
            // A file in the data folder moves with it.
            let said = path.strip_prefix(folder.path()).map_or(path.clone(), Path::to_owned);
            Ok((passphrase, PassphraseSource::File(said)))
        }
        (None, Some(name)) => Ok((Passphrase::from_env(&name)?, PassphraseSource::Environment(name))),
        (None, None) => Ok((init::prompt_new()?, PassphraseSource::Prompt)),
    }
}

fn report(context: &Context, folder: &DataFolder, made: &Initialised) -> Result<(), Error> {
    let sha256 = made.certificate.as_ref().map(|certificate| hex::encode(certificate.sha256()));
    let result = Made {
        data: folder.path().to_owned(),
        configuration: made.configuration.clone(),
        certificate: made.certificate.is_some().then(|| made.file.clone()),
        request: made.certificate.is_none().then(|| made.file.clone()),
        sha256,
    };
    context.output().show(&result, |result| {
        let mut facts = Facts::new().fact("data folder", result.data.display());
        facts = facts.maybe("certificate", result.certificate.as_deref().map(Path::display));
        facts = facts.maybe("sha-256", result.sha256.as_deref().map(hex_groups));
        facts = facts.maybe("request", result.request.as_deref().map(Path::display));
        facts.fact("configuration", result.configuration.display()).render()
    })?;
    let data = folder.path().display();
    match &made.certificate {
        Some(_) => context.output().hint(&format!("next: look through the profiles in the configuration, then {STRONG}exeunt serve --data {data}{STRONG:#}")),
        None => context.output().hint(&format!(
            "next: have {} signed by the parent authority, then {STRONG}exeunt ca install CERT --chain FILE --data {data}{STRONG:#}",
            made.file.display()
        )),
    }
    Ok(())
}

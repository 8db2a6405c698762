//! `exeunt ca`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use frontends::model::{Authority, CaCertificateText};
use jiff::Timestamp;
use serde_json::json;

use super::connection::Place;
use super::output::{Facts, GOOD, STRONG, hex_groups, moment};
use super::{Context, input};
use crate::Error;
use crate::init::{self, Chain};

/// The authority's own certificates.
#[derive(Debug, Subcommand)]
pub enum Ca {
    /// Show the authority and its certificates
    Show {
        /// Print the current certificate and the ones above it, PEM
        #[arg(long)]
        pem: bool,
    },
    /// Install a CA certificate: a parent's answer to ca.csr, or a renewal
    Install {
        /// The certificate: PEM (it may be followed by those above it), DER or base64; `-` is standard input
        certificate: PathBuf,
        /// The certificates above it, nearest first, PEM
        #[arg(long, value_name = "FILE")]
        chain: Option<PathBuf>,
    },
}

impl Ca {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::Show { pem } => show(context, pem)?,
            Self::Install { certificate, chain } => {
                let certificate = input::read(&certificate)?;
                let above = chain.map(|path| input::read(&path)).transpose()?;
                install(context, &Chain::read(&certificate, above.as_deref())?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(context: &Context, pem: bool) -> Result<(), Error> {
    let authority: Authority = context.connect()?.get("/v1/ca")?;
    if !pem {
        return context.output().show(&authority, describe);
    }
    let current = authority.certificates.iter().find(|certificate| Some(certificate.index) == authority.current);
    let current = current.ok_or_else(|| Error::failed("the authority has no certificate yet"))?;
    let all = std::iter::once(&current.certificate).chain(&current.chain);
    context.output().text(&all.map(|der| der.to_pem("CERTIFICATE")).collect::<String>())
}

fn describe(authority: &Authority) -> String {
    let now = Timestamp::now();
    let mut text = Facts::new().fact("authority", &authority.name).fact("server", &authority.dns_name).render();
    for certificate in &authority.certificates {
        let current = Some(certificate.index) == authority.current;
        let mark = if current { format!(" {GOOD}current{GOOD:#}") } else { String::new() };
        text.push_str(&format!("\n{STRONG}CA certificate {}{STRONG:#}{mark}\n", certificate.index));
        text.push_str(
            &Facts::new()
                .fact("subject", &certificate.subject)
                .fact("issuer", &certificate.issuer)
                .fact("serial", &certificate.serial)
                .fact("key", certificate.key_index)
                .fact("not before", moment(certificate.not_before, now))
                .fact("not after", moment(certificate.not_after, now))
                .fact("sha-256", hex_groups(&certificate.sha256))
                .render(),
        );
    }
    text
}

fn install(context: &Context, chain: &Chain) -> Result<(), Error> {
    let subject = chain.certificate().subject().to_string();
    if chain.is_open() {
        context.output().warning("the certificates above it are missing: give them with --chain, and `ca show --pem` will have them for those who need the chain");
    }
    match context.place()? {
        Place::Server(connection) => {
            let authority: Authority =
                connection.post("/v1/ca/certificates", &CaCertificateText { certificate: chain.to_pem() })?;
            context.output().show(&authority, |_| format!("installed {subject}\n"))
        }
        Place::Folder(_lock) => {
            let index = init::install(&context.configuration()?, chain)?;
            let result = json!({ "index": index, "subject": subject });
            context.output().show(&result, |_| format!("installed {subject}\n"))?;
            context
                .output()
                .hint("start the server, or restart it where it runs, with the same --data or --config: exeunt serve");
            Ok(())
        }
    }
}

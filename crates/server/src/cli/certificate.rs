//! `exeunt certificate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use frontends::client::escape;
use frontends::model::{self, CertificateImport, Outcome, RevocationOrder};
use jiff::Timestamp;
use module::RevocationReason;

use super::Context;
use super::input;
use super::listing::Listing;
use super::output::{Column, Table, ago_or_in, clean, day, disposition};
use super::{describe, request};
use crate::Error;
use crate::folder::replace_file;

/// Certificates.
#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// List certificates, newest first
    List(Listing),
    /// Show a certificate and its request
    Show {
        /// Its serial number, hex
        serial: String,
    },
    /// Write a certificate, PEM
    Export {
        /// Its serial number, hex
        serial: String,
        /// Write it here [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// DER instead of PEM
        #[arg(long)]
        der: bool,
    },
    /// Revoke a certificate
    Revoke {
        /// Its serial number, hex
        serial: String,
        /// Why (RFC 5280 5.3.1): unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold
        #[arg(long)]
        reason: RevocationReason,
        /// From when on it is revoked [default: now]
        #[arg(long, value_name = "WHEN")]
        effective: Option<String>,
    },
    /// Release a certificate from hold
    Release {
        /// Its serial number, hex
        serial: String,
    },
    /// Import a certificate this database does not hold
    Import(Import),
}

/// Options of `certificate import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The certificate: PEM, DER or base64; `-` is standard input
    file: PathBuf,
    /// Take a certificate of another authority
    #[arg(long)]
    foreign: bool,
    /// Complete the pending request with the same key instead of adding a row
    #[arg(long)]
    existing_row: bool,
}

impl Certificate {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let row = match self {
            Self::List(listing) => {
                listing.run(context, "/v1/certificates", table)?;
                return Ok(ExitCode::SUCCESS);
            }
            Self::Export { serial, out, der } => return export(context, &serial, out, der),
            Self::Import(import) => return import.run(context),
            Self::Show { serial } => context.connect()?.get(&path(&serial))?,
            Self::Revoke { serial, reason, effective } => {
                let effective = effective.map(|text| input::when(&text, Timestamp::now())).transpose()?;
                let body = RevocationOrder { reason: Some(reason.name().into()), effective };
                let row: model::Request = context.connect()?.post(&format!("{}/revoke", path(&serial)), &body)?;
                context.output().hint("the next CRL lists it; publish one now with: exeunt crl publish");
                row
            }
            Self::Release { serial } => context.connect()?.act(&format!("{}/release", path(&serial)))?,
        };
        context.output().show(&row, |row: &model::Request| request::show(row, Timestamp::now()))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Import {
    fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let body = CertificateImport {
            certificate: input::text_or_base64(input::read(&self.file)?),
            foreign: self.foreign,
            existing_row: self.existing_row,
        };
        let outcome: Outcome = context.connect()?.post("/v1/certificates", &body)?;
        context.output().show(&outcome, |outcome| format!("imported as request {}\n", outcome.request))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn export(context: &Context, serial: &str, out: Option<PathBuf>, der: bool) -> Result<ExitCode, Error> {
    let media_type = if der { "application/pkix-cert" } else { "application/x-pem-file" };
    let bytes = context.connect()?.fetch(&path(serial), media_type)?;
    match out {
        Some(path) if path.as_os_str() != "-" => replace_file(&path, &bytes, 0o644)?,
        _ => context.output().bytes(&bytes)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Serial numbers are typed with colons, spaces and in any case.
fn path(serial: &str) -> String {
    let digits: String = serial.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    format!("/v1/certificates/{}", escape(&digits))
}

fn table(rows: &[model::Request]) -> String {
    let now = Timestamp::now();
    let mut table = Table::new([
        Column::text("SERIAL"),
        Column::text("STATE"),
        Column::text("NOT AFTER"),
        Column::text(""),
        Column::long("PROFILE"),
        Column::long("SUBJECT"),
    ]);
    for row in rows {
        let serial = row.certificate.as_ref().map_or("-", |certificate| certificate.serial.as_str());
        table.row([
            clean(serial),
            disposition(row.disposition),
            row.not_after.map_or_else(|| "-".into(), day),
            row.not_after.map_or_else(String::new, |at| ago_or_in(at, now)),
            clean(row.profile.as_deref().unwrap_or("-")),
            clean(&describe::subject(row)),
        ]);
    }
    table.render("no certificates")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_taken_as_typed() {
        assert_eq!(path("0A:1b 2c"), "/v1/certificates/0A1b2c");
        assert_eq!(path("../x"), "/v1/certificates/..%2Fx");
    }
}

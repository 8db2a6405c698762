//! `exeunt request`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use frontends::model::{self, AttributeText, Base64, ExtensionOrder, Outcome, Submission};
use jiff::Timestamp;
use module::Disposition;

use super::Context;
use super::describe;
use super::input::{self, attribute};
use super::listing::Listing;
use super::output::{Column, FAINT, Facts, STRONG, Table, clean, day, disposition};
use crate::Error;
use crate::error::Kind;
use crate::folder::replace_file;

/// Certificate requests.
#[derive(Debug, Subcommand)]
pub enum Request {
    /// Hand in a request (PKCS#10: PEM, DER or base64)
    Submit(Submit),
    /// Fetch the certificate of your own request, once it is issued
    Retrieve {
        /// The request's number
        id: i64,
        /// Write the certificate here, PEM; `-` is standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List requests, newest first
    List(Listing),
    /// Show a request
    Show {
        /// Its number
        id: i64,
    },
    /// Approve a pending request; a denied one too, for those who are administrators besides
    Approve {
        /// Its number
        id: i64,
        /// Write the certificate here, PEM; `-` is standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Deny a pending request
    Deny {
        /// Its number
        id: i64,
    },
    /// Set attributes of a pending request; a value takes the place of the one before
    SetAttributes {
        /// Its number
        id: i64,
        /// NAME:VALUE
        #[arg(required = true, value_parser = attribute, value_name = "NAME:VALUE")]
        text: Vec<String>,
    },
    /// Set an extension of a pending request
    SetExtension(SetExtension),
}

/// Options of `request submit`.
#[derive(Debug, Args)]
pub struct Submit {
    /// The request's file; `-` is standard input
    file: PathBuf,
    /// The profile to issue by
    #[arg(long)]
    profile: Option<String>,
    /// A request attribute (may be repeated)
    #[arg(long = "attribute", value_name = "NAME:VALUE", value_parser = attribute)]
    attributes: Vec<String>,
    /// Whom the certificate is for, where that is not you; needs the role certificate manager
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// Write the certificate here, PEM; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Options of `request set-extension`.
#[derive(Debug, Args)]
pub struct SetExtension {
    /// The request's number
    id: i64,
    /// The extension's object identifier
    oid: String,
    /// Its value
    value: String,
    /// What the value is
    #[arg(long = "type", value_name = "TYPE", default_value = "hex")]
    kind: ValueType,
    /// Mark it critical
    #[arg(long)]
    critical: bool,
    /// Keep it with the request, and out of the certificate
    #[arg(long)]
    disabled: bool,
}

/// How the value of an extension is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ValueType {
    /// DER in hex.
    Hex,
    /// DER in base64.
    Base64,
    /// A file that holds the DER.
    File,
    /// A number: INTEGER.
    Integer,
    /// A moment: UTCTime or GeneralizedTime.
    Date,
    /// ASCII text: IA5String.
    String,
    /// General names, separated by commas: dns:a.example,ip:192.0.2.1.
    Names,
}

impl Request {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::Submit(submit) => submit.run(context),
            Self::Retrieve { id, out } => {
                let outcome: Outcome = context.connect()?.get(&format!("/v1/requests/{id}/certificate"))?;
                finish(context, &outcome, out)
            }
            Self::List(listing) => {
                listing.run(context, "/v1/requests", table)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Show { id } => {
                let request: model::Request = context.connect()?.get(&format!("/v1/requests/{id}"))?;
                context.output().show(&request, |request| show(request, Timestamp::now()))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Approve { id, out } => {
                let outcome: Outcome = context.connect()?.act(&format!("/v1/requests/{id}/approve"))?;
                finish(context, &outcome, out)
            }
            Self::Deny { id } => {
                let outcome: Outcome = context.connect()?.act(&format!("/v1/requests/{id}/deny"))?;
                context.output().show(&outcome, |outcome| format!("request {} denied\n", outcome.request))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::SetAttributes { id, text } => {
                let body = AttributeText { attributes: text.join("\n") };
                let request: model::Request =
                    context.connect()?.post(&format!("/v1/requests/{id}/attributes"), &body)?;
                context.output().show(&request, |request| show(request, Timestamp::now()))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::SetExtension(set) => set.run(context),
        }
    }
}

impl Submit {
    fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let submission = Submission {
            request: input::text_or_base64(input::read(&self.file)?),
            attributes: self.attributes.join("\n"),
            profile: self.profile,
            requester: self.requester,
        };
        let outcome: Outcome = context.connect()?.post("/v1/requests", &submission)?;
        finish(context, &outcome, self.out)
    }
}

impl SetExtension {
    fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let value = extension_value(self.kind, &self.value)?;
        let body =
            ExtensionOrder { oid: self.oid, value: Base64(value), critical: self.critical, disabled: self.disabled };
        let path = format!("/v1/requests/{}/extensions", self.id);
        let request: model::Request = context.connect()?.post(&path, &body)?;
        context.output().show(&request, |request| show(request, Timestamp::now()))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn extension_value(kind: ValueType, text: &str) -> Result<Vec<u8>, Error> {
    let wrong = |what: &str| Error::usage(format!("`{text}` is not {what}"));
    match kind {
        ValueType::Hex => {
            let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ':')).collect();
            hex::decode(digits).map_err(|_| wrong("hex"))
        }
        ValueType::Base64 => Base64::decode(text).map(|bytes| bytes.0).map_err(|_| wrong("base64")),
        ValueType::File => input::read(text.as_ref()),
        ValueType::Integer => text.parse().map(pki::extension::encode_integer).map_err(|_| wrong("a 32-bit number")),
        ValueType::Date => Ok(pki::extension::encode_time(input::when(text, Timestamp::now())?)?),
        ValueType::String => Ok(pki::extension::encode_ia5(text)?),
        ValueType::Names => {
            let names = text.split(',').map(|name| name.trim().parse::<pki::GeneralName>());
            let names = names.collect::<Result<Vec<_>, _>>().map_err(|error| Error::usage(error.to_string()))?;
            Ok(pki::extension::subject_alt_name(&names)?.value)
        }
    }
}

/// Says what came of a request. Pending is no failure; denied and failed are.
fn finish(context: &Context, outcome: &Outcome, out: Option<PathBuf>) -> Result<ExitCode, Error> {
    let output = context.output();
    let number = outcome.request;
    let pem = outcome.certificate.as_ref().map(|der| der.to_pem("CERTIFICATE"));
    let to_standard_output = out.as_deref().is_some_and(|path| path.as_os_str() == "-");
    match (&pem, &out) {
        (Some(pem), Some(_)) if to_standard_output => {
            output.bytes(pem.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        (Some(pem), Some(path)) => replace_file(path, pem.as_bytes(), 0o644)?,
        _ => {}
    }
    if output.is_json() {
        output.show(outcome, |_| String::new())?;
    }
    match outcome.disposition {
        Disposition::Denied | Disposition::Failed => {
            let verb = if outcome.disposition == Disposition::Denied { "was denied" } else { "failed" };
            if output.is_json() {
                return Ok(ExitCode::from(Kind::Refused.exit_code()));
            }
            Err(Error::new(Kind::Refused, format!("request {number} {verb}: {}", outcome.message))
                .code(outcome.status.0))
        }
        Disposition::Pending | Disposition::Active => {
            if !output.is_json() {
                output.text(&format!("request {number} is {}\n", disposition(outcome.disposition)))?;
            }
            output.hint(&format!("{}\na certificate manager approves it: exeunt request approve {number}\nthen fetch it: exeunt request retrieve {number} --out CERT", clean(&outcome.message)));
            Ok(ExitCode::SUCCESS)
        }
        Disposition::Issued | Disposition::Revoked | Disposition::Foreign => {
            if !output.is_json() {
                output.text(&issued(outcome, out.as_deref())?)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn issued(outcome: &Outcome, out: Option<&std::path::Path>) -> Result<String, Error> {
    let mut text = format!("request {} is {}\n", outcome.request, disposition(outcome.disposition));
    let Some(der) = &outcome.certificate else { return Ok(text) };
    let certificate = pki::Certificate::from_der(&der.0)?;
    let now = Timestamp::now();
    let facts = Facts::new()
        .fact("serial", certificate.serial())
        .fact("subject", certificate.subject())
        .fact("not after", super::output::moment(certificate.not_after(), now))
        .maybe("certificate", out.map(std::path::Path::display));
    text.push_str(&facts.render());
    Ok(text)
}

fn table(rows: &[model::Request]) -> String {
    let mut table = Table::new([
        Column::number("ID"),
        Column::text("STATE"),
        Column::text("SUBMITTED"),
        Column::long("REQUESTER"),
        Column::long("PROFILE"),
        Column::long("SUBJECT"),
    ]);
    for row in rows {
        table.row([
            row.id.to_string(),
            disposition(row.disposition),
            day(row.submitted),
            clean(&row.requester),
            clean(row.profile.as_deref().unwrap_or("-")),
            clean(&describe::subject(row)),
        ]);
    }
    table.render("no requests")
}

/// Everything about a request, for people.
pub(super) fn show(request: &model::Request, now: Timestamp) -> String {
    let at = |at: Timestamp| super::output::moment(at, now);
    let status = (request.status.0.0 != 0).then(|| describe::code(request.status.0));
    let mut facts = Facts::new()
        .styled("request", format!("{STRONG}{}{STRONG:#} {FAINT}(version {}){FAINT:#}", request.id, request.version))
        .styled("state", disposition(request.disposition))
        .maybe("status", status)
        .fact("message", &request.message)
        .fact("submitted", at(request.submitted))
        .maybe("resolved", request.resolved.map(at))
        .fact("requester", &request.requester);
    if request.caller != request.requester {
        facts = facts.fact("handed in by", &request.caller);
    }
    facts = facts
        .maybe("profile", request.profile.as_deref())
        .fact("subject", describe::subject(request))
        .maybe("names", (!request.alternative_names.is_empty()).then_some(&request.alternative_names))
        .maybe("key", request.key.as_ref().map(describe::key))
        .maybe("not before", request.not_before.map(at))
        .maybe("not after", request.not_after.map(at));
    if let Some(certificate) = &request.certificate {
        facts = facts
            .fact("serial", &certificate.serial)
            .fact("sha-1", &certificate.sha1)
            .fact("issued by", format!("CA certificate {}, key {}", certificate.ca_certificate, certificate.ca_key));
    }
    if let Some(revocation) = &request.revocation {
        let word = if revocation.code < 0 { "released" } else { "revoked" };
        facts = facts.fact(word, format!("{}, effective {}", revocation.reason, at(revocation.effective)));
    }
    let mut text = facts.render();
    if let Some(body) = &request.body {
        text.push_str(&describe::body(body));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn extension_values_are_der() {
        for (kind, text, expected) in [
            (ValueType::Hex, "0403 01:02", "04030102"),
            (ValueType::Base64, "BAMBAg==", "04030102"),
            (ValueType::Integer, "-1", "0201ff"),
            (ValueType::String, "hi", "16026869"),
            (ValueType::Date, "2027-01-01", "170d3237303130313030303030305a"),
            (ValueType::Names, "dns:a.example, ip:192.0.2.1", "30118209612e6578616d706c658704c0000201"),
        ] {
            assert_eq!(hex::encode(extension_value(kind, text).unwrap()), expected, "{text}");
        }
        for (kind, text) in
            [(ValueType::Hex, "0"), (ValueType::Base64, "!"), (ValueType::Integer, "x"), (ValueType::Names, "x")]
        {
            assert_eq!(extension_value(kind, text).unwrap_err().kind, Kind::Usage, "{text}");
        }
    }
}

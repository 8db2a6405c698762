//! Rows as requests, managers and the authority leave them.

use module::moment::{Period, Unit};
use module::{CertificateExtension, Disposition, ExtensionFlags, HResult, RevocationReason};
use pki::{Extension, KeyUsage, Name, extension, oid};

use super::{PROFILE, Story, Subject};
use crate::Error;
use crate::authority::{hours, request};
use crate::row::{REQUEST_TYPE_PKCS10, Row};

impl Story {
    /// A request of a server that has just come in.
    pub(crate) fn new_row(&mut self) -> Result<Row, Error> {
        let subject = self.cast.server();
        self.row_of(&subject)
    }

    /// A request that has just come in.
    pub(crate) fn row_of(&mut self, subject: &Subject) -> Result<Row, Error> {
        let name = Name::parse(&subject.name)?;
        let mut asked = subject.extensions.clone();
        if !subject.names.is_empty() {
            asked.push(extension::subject_alt_name(&subject.names)?);
        }
        let (raw, key) = request(&name, &asked)?;
        let disabled = ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE;
        let mut extensions: Vec<CertificateExtension> = asked.iter().map(|one| stored(one, disabled)).collect();
        let own = self.authority.own_extensions(&key)?;
        extensions.extend(own.iter().map(|one| stored(one, ExtensionFlags::ORIGIN_SERVER)));
        let now = self.now();
        let text: Vec<String> = subject.attributes.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        Ok(Row {
            id: self.next_request(),
            disposition: Disposition::Active,
            status: HResult::S_OK,
            message: String::new(),
            submitted: now,
            resolved: None,
            requester: subject.requester.clone(),
            caller: subject.requester.clone(),
            officer: false,
            request_type: REQUEST_TYPE_PKCS10,
            flags: 0,
            profile: Some(PROFILE.to_owned()),
            validity: Some(Period::new(90, Unit::Days)),
            raw,
            attribute_text: text.join("\n"),
            attributes: subject.attributes.clone(),
            extensions,
            subject: name.components(),
            not_before: Some(hours(now, -1)?),
            not_after: Some(hours(now, 24 * 90)?),
            properties: subject.properties.clone(),
            certificate: None,
            issuer_name_id: 0,
            revocation: None,
            publish_expired: false,
        })
    }

    /// A row whose certificate was issued: policy has set usages and enabled the names.
    pub(crate) fn issue(&self, mut row: Row) -> Result<Row, Error> {
        let san = oid::SUBJECT_ALT_NAME.to_string();
        let from_policy = |flags: ExtensionFlags| flags.with_origin(ExtensionFlags::ORIGIN_POLICY);
        for extension in row.extensions.iter_mut().filter(|extension| extension.oid == san) {
            // RFC 5280 4.2.1.6: critical where it is all there is of the subject.
            let critical = if row.subject.is_empty() { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
            extension.flags = from_policy(critical);
        }
        for usage in
            [extension::key_usage(KeyUsage::DIGITAL_SIGNATURE), extension::extended_key_usage(&[oid::SERVER_AUTH])]
        {
            row.extensions.push(stored(&usage, ExtensionFlags::ORIGIN_POLICY));
        }
        let parsed = pki::CertificationRequest::from_der(&row.raw)?;
        let enabled = row.extensions.iter().filter(|extension| extension.flags.is_enabled());
        let extensions = enabled.map(to_encode).collect::<Result<Vec<_>, _>>()?;
        let validity = (row.not_before.unwrap_or(row.submitted), row.not_after.unwrap_or(row.submitted));
        let certificate = self.authority.issue(parsed.subject(), parsed.public_key(), validity, extensions)?;
        row.certificate = Some(certificate.der().to_vec());
        row.disposition = Disposition::Issued;
        row.message = "Issued".into();
        row.resolved = row.resolved.or(Some(row.submitted));
        Ok(row)
    }

    pub(super) fn issue_to(&mut self, subject: &Subject) -> Result<Row, Error> {
        let row = self.row_of(subject)?;
        self.issue(row)
    }

    /// A server's certificate.
    pub(crate) fn certificate(&mut self) -> Result<Row, Error> {
        let row = self.new_row()?;
        self.issue(row)
    }

    /// A request under submission.
    pub(crate) fn waiting(&mut self, text: &str) -> Result<Row, Error> {
        let mut row = self.new_row()?;
        row.disposition = Disposition::Pending;
        let colon = if text.is_empty() { "" } else { ": " };
        row.message = format!("Taken Under Submission{colon}{text}");
        Ok(row)
    }

    /// Issued two hours after it came in, when a manager approved it.
    pub(super) fn approved(&mut self) -> Result<Row, Error> {
        let mut row = self.waiting("")?;
        row.submitted = hours(row.submitted, -2)?;
        row.resolved = Some(self.now());
        self.issue(row)
    }

    pub(super) fn revoke(&self, mut row: Row, reason: RevocationReason) -> Row {
        row.disposition = Disposition::Revoked;
        row.message = "Revoked by unix:carol".into();
        row.revocation = Some((self.now(), self.now(), reason.code()));
        row
    }

    pub(super) fn release(&self, mut row: Row) -> Row {
        row.disposition = Disposition::Issued;
        row.message = "Unrevoked by unix:carol".into();
        row.revocation = Some((self.now(), self.now(), RevocationReason::RELEASED));
        row
    }
}

/// An extension as a row keeps it.
fn stored(extension: &Extension, flags: ExtensionFlags) -> CertificateExtension {
    let critical = if extension.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
    CertificateExtension { oid: extension.oid.to_string(), flags: flags | critical, value: extension.value.clone() }
}

/// An extension of a row as a certificate has it.
pub(crate) fn to_encode(extension: &CertificateExtension) -> Result<Extension, Error> {
    let oid = extension.oid.parse();
    let oid = oid.map_err(|_| Error::Unusable(format!("`{}` is not an object identifier", extension.oid)))?;
    let critical = extension.flags.contains(ExtensionFlags::CRITICAL);
    let make = if critical { Extension::critical } else { Extension::new };
    Ok(make(oid, extension.value.clone()))
}

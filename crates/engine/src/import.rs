//! Import of certificates ([MS-CSRA] 3.1.4.1.26).

use std::sync::Arc;

use module::{Disposition, ExitEvent, ExtensionFlags, HResult};
use pki::Certificate;
use serde_json::json;

use crate::audit::Act;
use crate::roles::{Authorised, right};
use crate::store::{Change, Column, Filter, NewEvent, Operand, Search};
use crate::{Engine, Error, Outcome, Request, RequestBody, extensions, issue};

/// What may be imported, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Take certificates that this authority did not sign (`ICF_ALLOWFOREIGN`).
    pub foreign: bool,
    /// Complete the pending request with the same subject key identifier (`ICF_EXISTINGROW`).
    pub existing_row: bool,
}

/// What `RequestType` says of an imported certificate: no request came in.
const REQUEST_TYPE_NONE: i32 = 0;

impl Engine {
    /// Puts a certificate (PEM, DER or base64) into the database: one of this authority's that it does not know, or a
    /// foreign one. The importer becomes its requester.
    pub fn import(
        &self,
        by: &Authorised<right::ManageCertificates>,
        bytes: &[u8],
        options: ImportOptions,
    ) -> Result<Outcome, Error> {
        let certificate = Certificate::decode(bytes)?;
        let ca = self.site.ca();
        let signed_by = ca.signer_of(&certificate).map(|installed| (installed.row.index, installed.row.key_index));
        if signed_by.is_none() && !options.foreign {
            let text =
                "the certificate was not issued by this authority; foreign certificates must be allowed explicitly";
            return Err(Error::refused_with(HResult::CERT_E_ISSUERCHAINING, text));
        }
        let caller = by.caller().name.as_str();
        self.read_judge_commit(|| {
            if let Some(known) = self.known(&certificate, signed_by.is_some())? {
                if signed_by.is_none() {
                    return Ok((None, Outcome::of(&known)));
                }
                let text = format!("the certificate is there already: request {}", known.id);
                return Err(Error::conflict(HResult::ERROR_OBJECT_EXISTS, text));
            }
            let now = self.site.now();
            let mut request = if options.existing_row && signed_by.is_some() {
                self.pending_with_key(&certificate)?.changed()
            } else {
                self.imported_row(&certificate, caller, now)?
            };
            let (ca_certificate, ca_key) = signed_by.unwrap_or_default();
            issue::note_certificate(&mut request, &certificate, ca_certificate, ca_key);
            request.disposition = if signed_by.is_some() { Disposition::Issued } else { Disposition::Foreign };
            request.status = HResult::S_OK;
            request.message = format!("Imported by {caller}");
            request.resolved = Some(now);
            let outcome = Outcome::of(&request);
            let (serial, sha256) = (certificate.serial().to_string(), hex::encode(certificate.sha256()));
            let event = NewEvent::of(ExitEvent::CertImported, &request, now);
            let audit =
                Act::Imported.entry(caller, now, Some(request.id), json!({ "serial": serial, "sha256": sha256 }));
            let change =
                Change { requests: vec![request], event: Some(event), audit: Some(audit), ..Change::default() };
            Ok((Some(change), outcome))
        })
    }

    fn known(&self, certificate: &Certificate, own: bool) -> Result<Option<Request>, Error> {
        if own {
            return Ok(self.site.store.request_by_serial(&certificate.serial(), true)?);
        }
        // Serial numbers of foreign authorities repeat: the hash tells certificates apart.
        let filters = vec![
            Filter::equal(Column::SerialNumber, Operand::Bytes(certificate.serial().as_bytes().to_vec())),
            Filter::equal(Column::CertificateHash, Operand::Bytes(certificate.sha1().to_vec())),
        ];
        let page = self.site.store.search(&Search { filters, limit: 1, bodies: true, ..Search::default() })?;
        Ok(page.rows.into_iter().next())
    }

    fn pending_with_key(&self, certificate: &Certificate) -> Result<Request, Error> {
        let key = certificate.public_key();
        let identifier = certificate.subject_key_identifier().unwrap_or_else(|| key.key_identifier().to_vec());
        let filters = vec![
            Filter::equal(Column::Disposition, Operand::Number(Disposition::Pending.code().into())),
            Filter::equal(Column::SubjectKeyIdentifier, Operand::Bytes(identifier)),
        ];
        let page = self.site.store.search(&Search { filters, limit: 1, bodies: true, ..Search::default() })?;
        page.rows.into_iter().next().ok_or_else(|| {
            Error::refused_with(
                HResult::CRYPT_E_NO_MATCH,
                "no pending request has the certificate's subject key identifier",
            )
        })
    }

    fn imported_row(&self, certificate: &Certificate, caller: &str, now: jiff::Timestamp) -> Result<Request, Error> {
        let stored = |extension| extensions::stored(extension, ExtensionFlags::ORIGIN_IMPORTED_CERT);
        let extensions = certificate.extensions().iter().map(stored).collect();
        Ok(Request {
            request_type: REQUEST_TYPE_NONE,
            body: Arc::new(RequestBody { extensions, ..RequestBody::default() }),
            ..Request::empty(self.site.next_request_id()?, now, caller.to_owned(), caller.to_owned())
        })
    }
}

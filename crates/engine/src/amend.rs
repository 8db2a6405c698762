//! What a certificate manager does with a pending request, short of approving it.

use std::sync::Arc;

use module::{CertificateExtension, Disposition, ExitEvent, ExtensionFlags, HResult, ModuleError, RequestId};
use serde_json::json;

use crate::audit::Act;
use crate::compose::bytes_max;
use crate::roles::{Authorised, right};
use crate::store::{Change, NewEvent};
use crate::{Engine, Error, Outcome, Request, RequestBody, accept};

impl Engine {
    /// Denies a pending request, however others have amended it meanwhile. Policy is not asked.
    pub fn deny(&self, by: &Authorised<right::ManageCertificates>, id: RequestId) -> Result<Outcome, Error> {
        let caller = &by.caller().name;
        let outcome = self.read_judge_commit(|| {
            let mut request = self.pending(id)?.changed();
            let now = self.site.now();
            request.disposition = Disposition::Denied;
            request.status = HResult::CERTSRV_E_ADMIN_DENIED_REQUEST;
            request.message = format!("Denied by {caller}");
            request.resolved = Some(now);
            let outcome = Outcome::of(&request);
            let event = NewEvent::of(ExitEvent::CertDenied, &request, now);
            let audit = Act::Denied.entry(caller, now, Some(id), json!({}));
            let change =
                Change { requests: vec![request], event: Some(event), audit: Some(audit), ..Change::default() };
            Ok((Some(change), outcome))
        })?;
        self.counters.count(Disposition::Denied);
        Ok(outcome)
    }

    /// Adds or overwrites attributes of a pending request; the text is read as at submission.
    pub fn set_attributes(
        &self,
        by: &Authorised<right::ManageCertificates>,
        id: RequestId,
        text: &str,
    ) -> Result<Request, Error> {
        accept::check_attribute_text(text)?;
        let detail = json!({ "attributes": text });
        self.amend(id, Act::AttributesSet, &by.caller().name, &detail, |body| {
            accept::put_attributes(&mut body.attributes, text);
            Ok(())
        })
    }

    /// Adds, replaces or (with `EXTENSION_DELETE_FLAG`) removes an extension of a pending request.
    pub fn set_extension(
        &self,
        by: &Authorised<right::ManageCertificates>,
        id: RequestId,
        extension: CertificateExtension,
    ) -> Result<Request, Error> {
        let stored = extension.amended(ExtensionFlags::ORIGIN_ADMIN, bytes_max(&self.site))?;
        let detail = json!({ "oid": stored.oid, "flags": stored.flags.bits(), "value": hex::encode(&stored.value) });
        self.amend(id, Act::ExtensionSet, &by.caller().name, &detail, |body| {
            stored.clone().put_into(&mut body.extensions)
        })
    }

    /// Changes the large parts of a pending request. That raises no exit event: the contract has none for it.
    fn amend(
        &self,
        id: RequestId,
        act: Act,
        caller: &str,
        detail: &serde_json::Value,
        change: impl Fn(&mut RequestBody) -> Result<(), ModuleError>,
    ) -> Result<Request, Error> {
        self.read_judge_commit(|| {
            let mut request = self.pending(id)?.changed();
            change(Arc::make_mut(&mut request.body))?;
            let audit = act.entry(caller, self.site.now(), Some(id), detail.clone());
            let change = Change { requests: vec![request.clone()], audit: Some(audit), ..Change::default() };
            Ok((Some(change), request))
        })
    }

    fn pending(&self, id: RequestId) -> Result<Request, Error> {
        let request = self.site.request(id)?;
        if request.disposition == Disposition::Pending {
            return Ok(request);
        }
        let text = format!("request {id} is {}, not pending", request.disposition);
        Err(Error::conflict(HResult::CERTSRV_E_BAD_REQUESTSTATUS, text))
    }
}

//! Properties of the request.

use module::{HResult, ModuleError, Value};
use pki::NameComponent;

use super::{Reading, joined, some, text};
use crate::Request;

impl Reading<'_> {
    pub(super) fn request_value(&self, row: &Request, name: &str) -> Result<Value, ModuleError> {
        let revocation = row.revocation.as_ref();
        match name {
            "RequestID" => Value::long(row.id.0),
            "RawRequest" => some((!row.body.raw.is_empty()).then(|| row.body.raw.clone()), name),
            "RequestAttributes" => text(&row.body.attribute_text, name),
            "RequestType" => Ok(row.request_type.into()),
            "RequestFlags" => Ok(row.flags.into()),
            "StatusCode" => Ok(row.status.0.into()),
            "Disposition" => Ok(row.disposition.code().into()),
            "DispositionMessage" => text(&row.message, name),
            "SubmittedWhen" => Ok(row.submitted.into()),
            "ResolvedWhen" => some(row.resolved, name),
            "RevokedWhen" => some(revocation.map(|revocation| revocation.when), name),
            "RevokedEffectiveWhen" => some(revocation.map(|revocation| revocation.effective), name),
            "RevokedReason" => some(revocation.map(|revocation| revocation.reason), name),
            "RequesterName" => text(&row.requester, name),
            "CallerName" => text(&row.caller, name),
            "Officer" => {
                let groups = row.properties.get("RequesterGroups");
                let groups = groups.into_iter().flat_map(|groups| groups.lines()).map(str::to_owned).collect();
                let caller = crate::Caller { name: row.caller.clone(), groups };
                // Nobody else requests for another.
                let officer = row.requester != row.caller
                    || self.site.config.roles.roles(&caller).contains(&crate::Role::CertificateManager);
                Ok(i32::from(officer).into())
            }
            "CRLPartitionIndex" => Ok(0.into()),
            "DistinguishedName" => text(&self.parsed_request(row)?.subject().to_string(), name),
            "RawName" => Ok(self.parsed_request(row)?.subject().der().to_vec().into()),
            _ => match NameComponent::from_alias(name) {
                Some(part) => {
                    let components = self.parsed_request(row)?.subject().components();
                    joined(components.iter().filter(|(found, _)| *found == part).map(|(_, value)| value.as_str()), name)
                }
                None => Err(ModuleError::new(HResult::E_UNEXPECTED, format!("{name} is in the table and not read"))),
            },
        }
    }
}

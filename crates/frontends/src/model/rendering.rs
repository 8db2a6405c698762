//! What the engine's values look like in the API.

use std::collections::BTreeMap;

use engine::store::{self, CrlRow, DeliveryState as EngineDeliveryState};
use engine::{Installed, ModuleState as EngineModuleState, ModuleStatus};
use module::RevocationReason;
use serde::Deserialize as _;

use super::{
    Attribute, AuditEntry, AuditReport, Base64, CaCertificate, CertificateSummary, Crl, CrlKind, Delivery,
    DeliveryState, Event, Extension, Key, Module, ModuleFailure, ModuleOptions, ModuleOptionsChange, ModuleRole,
    ModuleState, ModuleVersion, Outcome, Request, RequestBody, Revocation, SubjectPart,
};

impl From<engine::Outcome> for Outcome {
    fn from(outcome: engine::Outcome) -> Self {
        Self {
            request: outcome.request.0,
            disposition: outcome.disposition,
            status: outcome.status.into(),
            message: outcome.message,
            certificate: outcome.certificate.map(Base64),
        }
    }
}

impl Request {
    /// A request without its large parts.
    pub fn row(request: engine::Request) -> Self {
        let issued = request.issued.map(|issued| CertificateSummary {
            serial: issued.serial.to_string(),
            sha1: hex::encode(issued.sha1),
            ca_certificate: issued.ca_certificate,
            ca_key: issued.ca_key,
            distinguished_name: issued.distinguished_name,
        });
        let subject = request.subject.into_iter();
        Self {
            id: request.id.0,
            version: request.version,
            disposition: request.disposition,
            status: request.status.into(),
            message: request.message,
            submitted: request.submitted,
            resolved: request.resolved,
            requester: request.requester,
            caller: request.caller,
            request_type: request.request_type,
            flags: request.flags,
            profile: request.profile,
            key: request.key.map(|key| Key {
                algorithm: key.algorithm,
                bits: key.bits,
                identifier: hex::encode(key.identifier),
            }),
            subject: subject.map(|(part, value)| SubjectPart { name: part.as_str().to_owned(), value }).collect(),
            alternative_names: request.alternative_names,
            not_before: request.not_before,
            not_after: request.not_after,
            properties: request.properties,
            certificate: issued,
            revocation: request.revocation.map(Into::into),
            publish_expired: request.publish_expired,
            body: None,
        }
    }

    /// A request with its large parts.
    pub fn whole(request: engine::Request) -> Self {
        let body = RequestBody::from(request.body.as_ref());
        Self { body: Some(body), ..Self::row(request) }
    }
}

impl From<&engine::RequestBody> for RequestBody {
    fn from(body: &engine::RequestBody) -> Self {
        let attributes = body.attributes.iter();
        Self {
            request: Base64(body.raw.clone()),
            attributes: attributes
                .map(|(name, value)| Attribute { name: name.clone(), value: value.clone() })
                .collect(),
            extensions: body.extensions.iter().map(Into::into).collect(),
            certificate: body.certificate.clone().map(Base64),
        }
    }
}

impl From<&module::CertificateExtension> for Extension {
    fn from(extension: &module::CertificateExtension) -> Self {
        Self {
            oid: extension.oid.clone(),
            critical: extension.flags.contains(module::ExtensionFlags::CRITICAL),
            disabled: !extension.flags.is_enabled(),
            origin: extension.flags.origin_name().to_owned(),
            flags: extension.flags.bits(),
            value: Base64(extension.value.clone()),
        }
    }
}

impl From<engine::Revocation> for Revocation {
    fn from(revocation: engine::Revocation) -> Self {
        let reason = match RevocationReason::from_code(revocation.reason) {
            Some(reason) => reason.name().to_owned(),
            None if revocation.reason == RevocationReason::RELEASED => "released".to_owned(),
            None => revocation.reason.to_string(),
        };
        Self { when: revocation.when, effective: revocation.effective, reason, code: revocation.reason }
    }
}

impl From<&Installed> for CaCertificate {
    fn from(installed: &Installed) -> Self {
        let certificate = &installed.certificate;
        Self {
            index: installed.row.index,
            key_index: installed.row.key_index,
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_string(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            key_identifier: Some(hex::encode(&installed.key_identifier)),
            sha1: hex::encode(certificate.sha1()),
            sha256: hex::encode(certificate.sha256()),
            certificate: Base64(installed.row.certificate.clone()),
            chain: installed.row.chain.iter().cloned().map(Base64).collect(),
        }
    }
}

impl From<CrlKind> for store::CrlKind {
    fn from(kind: CrlKind) -> Self {
        match kind {
            CrlKind::Base => Self::Base,
            CrlKind::Delta => Self::Delta,
        }
    }
}

impl From<store::CrlKind> for CrlKind {
    fn from(kind: store::CrlKind) -> Self {
        match kind {
            store::CrlKind::Base => Self::Base,
            store::CrlKind::Delta => Self::Delta,
        }
    }
}

impl From<&CrlRow> for Crl {
    fn from(row: &CrlRow) -> Self {
        Self {
            number: row.number,
            kind: row.kind().into(),
            min_base: row.min_base,
            key: row.key,
            entries: row.entries,
            this_update: row.this_update,
            next_update: row.next_update,
            this_publish: row.this_publish,
            next_publish: row.next_publish,
            propagation_complete: row.propagation_complete,
            last_published: row.last_published,
            attempts: row.attempts,
            flags: row.flags,
            status: row.status.into(),
            error: row.error.clone(),
            size: row.size,
            sha256: hex::encode(row.sha256),
            kept: row.body.is_some(),
        }
    }
}

impl From<module::Role> for ModuleRole {
    fn from(role: module::Role) -> Self {
        match role {
            module::Role::Exit => Self::Exit,
            module::Role::Policy => Self::Policy,
        }
    }
}

impl From<ModuleRole> for module::Role {
    fn from(role: ModuleRole) -> Self {
        match role {
            ModuleRole::Exit => Self::Exit,
            ModuleRole::Policy => Self::Policy,
        }
    }
}

impl From<&store::ModuleOptions> for ModuleOptions {
    fn from(options: &store::ModuleOptions) -> Self {
        Self {
            inline: options.inline,
            workers: options.workers,
            timeout_ms: options.timeout_ms,
            attempts_max: options.attempts_max,
            retry_ms_min: options.retry_ms_min,
            retry_ms_max: options.retry_ms_max,
            digest: options.digest.into(),
        }
    }
}

impl ModuleOptionsChange {
    /// The options `old` with these changes.
    pub fn apply(self, old: &store::ModuleOptions) -> store::ModuleOptions {
        store::ModuleOptions {
            inline: self.inline.unwrap_or(old.inline),
            workers: self.workers.unwrap_or(old.workers),
            timeout_ms: self.timeout_ms.unwrap_or(old.timeout_ms),
            attempts_max: self.attempts_max.unwrap_or(old.attempts_max),
            retry_ms_min: self.retry_ms_min.unwrap_or(old.retry_ms_min),
            retry_ms_max: self.retry_ms_max.unwrap_or(old.retry_ms_max),
            digest: self.digest.map_or(old.digest, Into::into),
        }
    }
}

impl From<ModuleStatus> for Module {
    fn from(status: ModuleStatus) -> Self {
        let versions = ModuleVersion::all(&status);
        let installed = status.installed;
        // It was read when it was installed; one that a newer server wrote says nothing here.
        let manifest = installed.versions.package.manifest().ok().flatten();
        let defaults = defaults(manifest.as_ref(), &installed);
        let (state, retry_at) = match status.state {
            EngineModuleState::Starting => (ModuleState::Starting, None),
            EngineModuleState::Running => (ModuleState::Running, None),
            EngineModuleState::Retrying { until } => (ModuleState::Retrying, Some(until)),
            EngineModuleState::Failed { until } => (ModuleState::Failed, Some(until)),
            EngineModuleState::Suspended => (ModuleState::Suspended, None),
            EngineModuleState::Disabled => (ModuleState::Disabled, None),
            EngineModuleState::Stopped => (ModuleState::Stopped, None),
        };
        let last_error = status
            .last_error
            .map(|(when, error)| ModuleFailure { when, code: error.code.into(), message: error.message })
            .or_else(|| last_failed_call(installed.role, &status.health));
        Self {
            name: installed.name,
            kind: installed.kind,
            role: installed.role.into(),
            settings: installed.settings.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            defaults,
            versions,
            notice: status.notice,
            options: (&installed.options).into(),
            enabled: installed.enabled,
            position: installed.position,
            installed: installed.installed,
            description: status.description,
            about: status.about.into_iter().collect(),
            state,
            retry_at,
            events: names(status.mask),
            manifest_events: manifest.map(|manifest| names(manifest.events())).unwrap_or_default(),
            cursor: installed.cursor.0,
            head: status.head.0,
            lag: status.lag,
            delivered: status.delivered,
            failed: status.failed,
            parked: status.parked,
            rate_per_second: status.rate_per_second,
            last_delivered: status.last_delivered,
            last_error,
            health: status.health,
        }
    }
}

/// What the manifest says of the settings that are not set.
fn defaults(manifest: Option<&module::Manifest>, installed: &store::InstalledModule) -> BTreeMap<String, String> {
    let directory = installed.versions.package.manifest.as_ref().map(|file| file.directory.as_path());
    let Some((manifest, directory)) = manifest.zip(directory) else { return BTreeMap::new() };
    let said = manifest.settings_for(directory, &[], None, &module::Settings::default());
    let unset = said.iter().filter(|(name, _)| installed.settings.value(name).is_none());
    unset.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Events by their names.
fn names(events: module::ExitEvents) -> Vec<String> {
    events.events().map(|event| event.name().to_owned()).collect()
}

/// The last call that a policy module failed, as its guard counts it: nothing is delivered to it that could fail.
fn last_failed_call(role: module::Role, health: &serde_json::Value) -> Option<ModuleFailure> {
    (role == module::Role::Policy)
        .then(|| health.get("last_failure"))
        .flatten()
        .and_then(|failure| ModuleFailure::deserialize(failure).ok())
}

impl From<store::Delivery> for Delivery {
    fn from(delivery: store::Delivery) -> Self {
        let (state, retry_at) = match delivery.state {
            EngineDeliveryState::Waiting(until) => (DeliveryState::Waiting, Some(until)),
            EngineDeliveryState::Parked => (DeliveryState::Parked, None),
        };
        Self {
            module: delivery.module,
            event: delivery.event.0,
            state,
            retry_at,
            attempts: delivery.attempts,
            code: delivery.code.into(),
            error: delivery.error,
            first_failed: delivery.first_failed,
            last_failed: delivery.last_failed,
        }
    }
}

impl Event {
    /// An event with the request as it left it.
    pub fn new(event: &store::Event, row: Option<engine::Request>) -> Self {
        Self {
            id: event.id.0,
            kind: event.kind,
            occurred: event.occurred,
            request: event.request.map(|(id, _)| id.0),
            version: event.request.map(|(_, version)| version),
            crl_number: event.crl_number,
            hash: hex::encode(event.hash),
            row: row.map(Request::row),
        }
    }
}

impl From<store::AuditEntry> for AuditEntry {
    fn from(entry: store::AuditEntry) -> Self {
        // Written as JSON by the engine; what is not is shown as it stands.
        let detail = serde_json::from_str(&entry.detail).unwrap_or(serde_json::Value::String(entry.detail));
        Self {
            id: entry.id,
            code: entry.code,
            act: engine::Act::from_code(entry.code).map(|act| act.name().to_owned()),
            at: entry.at,
            caller: entry.caller,
            request: entry.request.map(|id| id.0),
            detail,
            hash: hex::encode(entry.hash),
        }
    }
}

impl From<engine::AuditReport> for AuditReport {
    fn from(report: engine::AuditReport) -> Self {
        Self { entries: report.entries, head: hex::encode(report.head), problem: report.problem }
    }
}

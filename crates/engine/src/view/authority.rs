//! Properties of the certification authority: readable in every context.

use std::io::Read;

use module::moment::Unit;
use module::{HResult, ModuleError, Value};

use super::Reading;
use crate::ca::Installed;
use crate::crl::{self, CrlReader};
use crate::location::suffix;
use crate::sanitize;
use crate::store::CrlKind;

impl Reading<'_> {
    pub(super) fn authority_value(&self, name: &str) -> Result<Value, ModuleError> {
        let site = &self.site;
        match name {
            "CAType" => {
                let ca = site.ca();
                let newest = ca.certificates().last().ok_or_else(|| ModuleError::empty(name))?;
                Ok(if newest.certificate.is_self_issued() { 3 } else { 4 }.into())
            }
            "SanitizedCAName" => Ok(site.sanitized_name.clone().into()),
            "SanitizedShortName" => Ok(sanitize::short(&site.sanitized_name).into()),
            "MachineDNSName" => Ok(site.world.dns_name.clone().into()),
            "ModuleRegistryLocation" => Ok(self.module.registry_location(&site.sanitized_name).into()),
            "fUseDS" | "fServerUpgraded" | "VolatileMode" => Ok(0.into()),
            "fDeltaCRLsDisabled" => Ok(i32::from(site.config.crl.delta_period.is_zero()).into()),
            "LogLevel" => Ok(3.into()),
            "SessionCount" => Ok(1.into()),
            "SEAuditFilter" => Ok(127.into()),
            "CertCount" => Value::long(site.ca().certificates().len() as i64),
            _ => Err(ModuleError::new(HResult::E_UNEXPECTED, format!("{name} is in the table and not read"))),
        }
    }

    /// `index` is the CA certificate's; without one the newest is meant.
    pub(super) fn indexed_value(&self, name: &str, index: Option<usize>) -> Result<Value, ModuleError> {
        if name == "LocalizedTimePeriodUnits" {
            let unit = Unit::ALL.get(index.unwrap_or_default());
            return unit.map(|unit| unit.name().into()).ok_or_else(|| ModuleError::empty(name));
        }
        let ca = self.site.ca();
        let found = match index {
            Some(index) => ca.certificates().get(index),
            None => ca.certificates().last(),
        };
        let installed = found.ok_or_else(|| {
            ModuleError::invalid(format!("{name}: there are {} CA certificates", ca.certificates().len()))
        })?;
        match name {
            "RawCACertificate" => Ok(installed.row.certificate.clone().into()),
            "CertState" => Ok(installed.state(self.site.now()).into()),
            "CertSuffix" => Ok(Value::String(suffix(installed.row.index))),
            "RawCRL" => self.newest_crl(installed, CrlKind::Base),
            "RawDeltaCRL" => self.newest_crl(installed, CrlKind::Delta),
            "CRLIndex" => Ok(i32::from(installed.row.key_index).into()),
            "CRLState" => Ok(crl::state(&ca, installed, self.site.now()).into()),
            "CRLSuffix" => Ok(Value::String(suffix(installed.row.key_index))),
            _ => Err(ModuleError::new(HResult::E_UNEXPECTED, format!("{name} is in the table and not read"))),
        }
    }

    /// The newest CRL of the certificate's key. A missing one is "file not found", as modules expect.
    fn newest_crl(&self, installed: &Installed, kind: CrlKind) -> Result<Value, ModuleError> {
        let unreadable = |error: &dyn std::fmt::Display| ModuleError::new(HResult::E_FAIL, error.to_string());
        let store = self.site.store.as_ref();
        let newest = crl::newest(store, installed.row.key_index, kind).map_err(|error| unreadable(&error))?;
        let row = newest.ok_or_else(|| {
            ModuleError::new(
                HResult::ERROR_FILE_NOT_FOUND,
                format!("there is no {kind} CRL for key {}", installed.row.key_index),
            )
        })?;
        let mut bytes = Vec::new();
        let mut reader = CrlReader::new(store, &row).map_err(|error| unreadable(&error))?;
        reader.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        Ok(Value::Binary(bytes))
    }
}

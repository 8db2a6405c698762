//! The module against requests, through the contract only.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod any_request;
mod cases;
mod manual;
mod profiles;
mod request;
mod resubmission;

use std::collections::BTreeMap;
use std::sync::Arc;

use module::{ModuleError, Profile};
use serde::Deserialize;

use super::DefaultPolicy;

/// The part of the configuration that matters here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
    default_profile: Option<String>,
}

fn policy(toml: &str) -> Result<DefaultPolicy, ModuleError> {
    let configuration: Configuration = toml::from_str(toml).map_err(|error| ModuleError::invalid(error.to_string()))?;
    DefaultPolicy::new(Arc::new(configuration.profiles), configuration.default_profile)
}

//! A policy module's version on trial, which is asked about its share of the requests.

use std::sync::Arc;

use module::{ModuleError, PolicyModule, RequestId};

use super::Trial;
use crate::policies::LoadedPolicy;

/// A policy module's version on trial.
#[derive(Clone)]
pub(crate) struct TriedPolicy {
    canary: Arc<LoadedPolicy>,
    trial: Arc<Trial>,
}

impl TriedPolicy {
    pub(super) fn new(canary: LoadedPolicy, trial: Arc<Trial>) -> Self {
        Self { canary: Arc::new(canary), trial }
    }

    /// The version on trial, if this request is for it.
    pub(crate) fn takes(&self, request: RequestId) -> Option<&dyn PolicyModule> {
        self.trial.takes(Some(request)).then(|| self.canary.module.as_ref())
    }

    pub(crate) fn succeeded(&self) {
        self.trial.succeeded(1);
    }

    pub(crate) fn failed(&self, error: &ModuleError) {
        self.trial.failed(error);
    }

    /// What the operator is to be told of the version on trial.
    pub(crate) fn notice(&self) -> Option<String> {
        (self.canary.notice)()
    }

    pub(crate) fn health(&self) -> serde_json::Value {
        (self.canary.health)()
    }
}

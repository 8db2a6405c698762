//! The policy modules, asked in order; the most restrictive answer wins.

use std::sync::Arc;

use module::scene::Reader;
use module::{Decision, HResult, PolicyModule, Role, Undelivered};
use parking_lot::RwLock;

use crate::exits::{ModuleLoader, Notice, with_notice};
use crate::failure::Failure;
use crate::site::Site;
use crate::store::InstalledModule;
use crate::trial::{Trials, TriedPolicy, with_canary};
use crate::view::{ExitView, InFlight};
use crate::{Error, Request};

/// A policy module that runs.
#[derive(Clone)]
pub(crate) struct LoadedPolicyModule {
    pub(crate) installed: InstalledModule,
    pub(crate) loaded: Arc<LoadedPolicy>,
    /// Its version on trial.
    pub(crate) tried: Option<TriedPolicy>,
}

impl LoadedPolicyModule {
    /// Asks the version on trial, if the request is for it, and the version in force otherwise, or where that one fails: then of
    /// what it amended nothing is left.
    fn verify(&self, in_flight: &mut InFlight, new: bool) -> Result<Decision, Undelivered> {
        if let Some(tried) = &self.tried
            && let Some(canary) = tried.takes(in_flight.request().id)
        {
            let before = in_flight.request().clone();
            match canary.verify_request(in_flight, new) {
                Ok(decision) => {
                    tried.succeeded();
                    return Ok(decision);
                }
                Err(error) => {
                    tried.failed(&error);
                    in_flight.restore(before);
                }
            }
        }
        self.loaded.module.ask(in_flight, new)
    }

    /// What the operator is to be told of it, or of its version on trial.
    pub(crate) fn notice(&self) -> Option<String> {
        (self.loaded.notice)().or_else(|| self.tried.as_ref().and_then(TriedPolicy::notice))
    }

    /// What its host says of its health.
    pub(crate) fn health(&self) -> serde_json::Value {
        with_canary((self.loaded.health)(), self.tried.as_ref().map(TriedPolicy::health))
    }
}

/// What a loader makes of an installed policy module. Whoever lets go of it last shuts the module down: a request in
/// flight is not failed because the module was changed meanwhile.
pub struct LoadedPolicy {
    /// The module, guarded.
    pub module: Arc<dyn PolicyModule>,
    /// What its host knows of its health.
    pub health: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
    /// What the operator is to be told of it now.
    pub notice: Notice,
}

impl Drop for LoadedPolicy {
    fn drop(&mut self) {
        self.module.shut_down();
    }
}

/// The chain.
pub(crate) struct Policies {
    chain: RwLock<Arc<Vec<LoadedPolicyModule>>>,
}

impl Policies {
    pub(crate) fn new() -> Self {
        Self { chain: RwLock::new(Arc::new(Vec::new())) }
    }

    pub(crate) fn chain(&self) -> Arc<Vec<LoadedPolicyModule>> {
        Arc::clone(&self.chain.read())
    }

    /// Loads and initialises a module, with its version on trial. It decides nothing yet.
    pub(crate) fn load(
        site: &Arc<Site>,
        loader: &dyn ModuleLoader,
        trials: &Trials,
        installed: InstalledModule,
    ) -> Result<LoadedPolicyModule, Error> {
        let failed = |error: module::ModuleError| {
            Error::refused_with(
                error.code,
                format!("the policy module `{}` could not be loaded: {}", installed.name, error.message),
            )
        };
        let initialise = |module: &dyn PolicyModule| {
            let key = Reader { role: Role::Policy, name: installed.name.clone() };
            let view = ExitView::new(Arc::clone(site), key, None);
            let initialised = module.initialize(&site.config.name, view.as_ref());
            view.close();
            initialised
        };
        let loaded = loader.policy(&installed).map_err(failed)?;
        initialise(loaded.module.as_ref()).map_err(|error| failed(with_notice(error, &loaded.notice)))?;
        let tried = trials.policy(loader, &installed, initialise);
        Ok(LoadedPolicyModule { installed, loaded: Arc::new(loaded), tried })
    }

    /// Replaces the chain. Requests in flight finish with the one they began with; modules that are gone are shut down when
    /// nobody asks them any more.
    pub(crate) fn replace(&self, mut chain: Vec<LoadedPolicyModule>) {
        chain.sort_by_key(|module| module.installed.position);
        let before = std::mem::replace(&mut *self.chain.write(), Arc::new(chain));
        // Not under the lock: shutting down may take its time.
        drop(before);
    }

    /// Asks every module in turn, each seeing what those before it amended; a refusal ends the round. The request comes
    /// back as they left it. No module, a failing module, or one that panics never means *issue*; one that cannot be asked
    /// leaves the request as it was.
    pub(crate) fn verify(&self, site: &Arc<Site>, request: Request, new: bool) -> (Request, Result<Decision, Failure>) {
        let chain = self.chain();
        let mut in_flight = InFlight::new(Arc::clone(site), request);
        let mut answer: Option<Decision> = None;
        for module in chain.iter() {
            in_flight.hand_to(&module.installed.name);
            match module.verify(&mut in_flight, new) {
                Ok(decision) => {
                    answer = Some(match answer {
                        Some(before) => before.most_restrictive(decision),
                        None => decision,
                    });
                }
                Err(Undelivered::Refused(error)) => {
                    let name = &module.installed.name;
                    tracing::error!(module = name, code = %error.code, "VerifyRequest was not made: {}", error.message);
                    let why = format!("the policy module `{name}` cannot be asked: {}", error.message);
                    return (in_flight.into_request(), Err(Failure::Passing(Error::Unavailable(why))));
                }
                Err(Undelivered::Failed(error)) => {
                    let name = &module.installed.name;
                    tracing::error!(module = name, code = %error.code, "VerifyRequest failed: {}", error.message);
                    let failure = Failure::new(error.code, &format!("Error in Policy Module {name}"), &error.message);
                    return (in_flight.into_request(), Err(failure));
                }
            }
            if matches!(answer, Some(Decision::Deny { .. })) {
                break;
            }
        }
        let decision = answer.ok_or_else(|| {
            Failure::new(
                HResult::E_UNEXPECTED,
                "Error in Policy Module",
                "no policy module is enabled; add one with `exeunt module add`",
            )
        });
        (in_flight.into_request(), decision)
    }

    pub(crate) fn shut_down(&self) {
        self.replace(Vec::new());
    }
}

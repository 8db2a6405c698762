//! A policy module: the contract's calls, made through `ICertPolicy` or by name.

use module::{Decision, HResult, ModuleError, PolicyModule, Role, ServerExit, ServerPolicy, Settings};
use parking_lot::Mutex;

use crate::contexts::Open;
use crate::crash::during;
use crate::exit::{late, late_manage_module};
use crate::facts::{self, Facts};
use crate::failure;
use crate::hresult;
use crate::interfaces::{CertPolicy, CertPolicy2};
use crate::late::Late;
use crate::loader::{Loaded, Wanted};
use crate::manage::{self, Manage};
use crate::object::Pointer;
use crate::settings;
use crate::values::{Bstr, Variant};

/// `VR_PENDING`
const PENDING: i32 = 0;
/// `VR_INSTANT_OK`
const INSTANT_OK: i32 = 1;
/// `VR_INSTANT_BAD`
const INSTANT_BAD: i32 = 2;

/// A loaded policy module.
pub struct ComPolicy {
    face: Face,
    prog_id: String,
    settings: Settings,
    about: Mutex<Vec<(String, String)>>,
}

enum Face {
    Table(Pointer<CertPolicy>),
    Late(Late),
}

impl ComPolicy {
    /// Loads it.
    pub fn load(wanted: &Wanted, settings: &Settings) -> Result<Self, ModuleError> {
        let Loaded { object, prog_id } = wanted.load(Role::Policy)?;
        let face = match object.query::<CertPolicy>() {
            Ok(table) => Face::Table(table),
            Err(_) => Face::Late(late(object.query(), &prog_id, "VerifyRequest")?),
        };
        Ok(Self { face, prog_id, settings: settings.clone(), about: Mutex::default() })
    }

    fn manage_module(&self) -> Option<Manage> {
        match &self.face {
            Face::Table(policy) => {
                let policy: Pointer<CertPolicy2> = policy.query().ok()?;
                let mut object = std::ptr::null_mut();
                let status = during("ICertPolicy2::GetManageModule", || {
                    // SAFETY: the interface's function, with a place of ours; a reference is handed over.
                    unsafe { (policy.table().manage_module)(policy.as_raw(), &mut object) }
                });
                // SAFETY: as above.
                unsafe { Pointer::from_raw(object) }.filter(|_| status >= 0).map(Manage::Table)
            }
            Face::Late(late) => late_manage_module(late, "ICertPolicy2"),
        }
    }

    /// What `VerifyRequest` answers for this context.
    fn disposition(&self, context: i32, new: bool) -> Result<i32, ModuleError> {
        let ca = facts::known()?.ca;
        let config = Bstr::text(&ca);
        during("ICertPolicy::VerifyRequest", || match &self.face {
            Face::Table(policy) => {
                // What a module leaves as it found it denies.
                let mut disposition = INSTANT_BAD;
                // SAFETY: the interface's function, with a text and a place of ours.
                let status = unsafe {
                    (policy.table().verify_request)(
                        policy.as_raw(),
                        config.as_raw(),
                        context,
                        i32::from(new),
                        0,
                        &mut disposition,
                    )
                };
                failure::check("ICertPolicy::VerifyRequest", status).map(|()| disposition)
            }
            Face::Late(late) => {
                // `bNewRequest` is a LONG, whatever its name says.
                let new = Variant::long(i32::from(new));
                let arguments = vec![Variant::bstr(Bstr::text(&ca)), Variant::long(context), new, Variant::long(0)];
                let value = late.call("ICertPolicy", "VerifyRequest", arguments)?;
                value.as_long().ok_or_else(|| ModuleError::invalid("VerifyRequest gave no disposition"))
            }
        })
    }
}

impl PolicyModule for ComPolicy {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let open = Open::authority(server);
        let facts = Facts::learn(ca, server, Role::Policy, &self.prog_id)?;
        settings::mirror(&facts, &self.settings)?;
        let config = Bstr::text(ca);
        during("ICertPolicy::Initialize", || match &self.face {
            Face::Table(policy) => {
                // SAFETY: the interface's function, with a text of ours.
                let status = unsafe { (policy.table().initialize)(policy.as_raw(), config.as_raw()) };
                failure::check("ICertPolicy::Initialize", status)
            }
            Face::Late(late) => late.call("ICertPolicy", "Initialize", vec![Variant::bstr(Bstr::text(ca))]).map(drop),
        })?;
        *self.about.lock() = manage::about(self.manage_module(), &self.prog_id, &facts);
        drop(open);
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        let (disposition, message) =
            Open::policy(server, |open| self.disposition(open.number(), new).map(|said| (said, open.message())))?;
        Ok(match disposition {
            INSTANT_OK => Decision::Issue,
            PENDING => Decision::Pend { message: message.unwrap_or_default() },
            code if code < 0 => Decision::deny(HResult(code), message.unwrap_or_else(|| hresult::describe(code))),
            // VR_INSTANT_BAD, and whatever else a module says.
            _ => Decision::deny(HResult::S_OK, message.unwrap_or_default()),
        })
    }

    fn description(&self) -> String {
        let text = during("ICertPolicy::GetDescription", || match &self.face {
            Face::Table(policy) => {
                let mut text = std::ptr::null_mut();
                // SAFETY: the interface's function, with a place for the text that it hands over.
                unsafe {
                    let status = (policy.table().description)(policy.as_raw(), &mut text);
                    let text = Bstr::from_raw(text);
                    (status >= 0).then(|| text.to_text())
                }
            }
            Face::Late(late) => {
                late.call("ICertPolicy", "GetDescription", Vec::new()).ok().and_then(|text| text.as_text())
            }
        });
        text.filter(|text| !text.is_empty()).unwrap_or_else(|| self.prog_id.clone())
    }

    fn about(&self) -> Vec<(String, String)> {
        self.about.lock().clone()
    }

    fn shut_down(&self) {
        let outcome = during("ICertPolicy::ShutDown", || match &self.face {
            Face::Table(policy) => {
                // SAFETY: the interface's function.
                failure::check("ICertPolicy::ShutDown", unsafe { (policy.table().shut_down)(policy.as_raw()) })
            }
            Face::Late(late) => late.call("ICertPolicy", "ShutDown", Vec::new()).map(drop),
        });
        if let Err(error) = outcome {
            stdio::log(stdio::Level::Warn, &error.message);
        }
    }
}

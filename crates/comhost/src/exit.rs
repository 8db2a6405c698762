//! An exit module: the contract's calls, made through `ICertExit` or by name.

use module::{ExitEvents, ExitModule, ModuleError, Notification, Role, ServerExit, Settings};
use parking_lot::Mutex;

use crate::contexts::Open;
use crate::crash::during;
use crate::facts::Facts;
use crate::failure;
use crate::interfaces::{CertExit, CertExit2, Dispatch, Unknown};
use crate::late::Late;
use crate::loader::{Loaded, Wanted};
use crate::manage::{self, Manage};
use crate::object::Pointer;
use crate::settings;
use crate::values::{Bstr, Variant};

/// A loaded exit module.
pub struct ComExit {
    face: Face,
    prog_id: String,
    settings: Settings,
    about: Mutex<Vec<(String, String)>>,
}

/// How the module is called: the table first, names where it has none.
enum Face {
    Table(Pointer<CertExit>),
    Late(Late),
}

impl ComExit {
    /// Loads it.
    pub fn load(wanted: &Wanted, settings: &Settings) -> Result<Self, ModuleError> {
        let Loaded { object, prog_id } = wanted.load(Role::Exit)?;
        let face = match object.query::<CertExit>() {
            Ok(table) => Face::Table(table),
            Err(_) => Face::Late(late(object.query(), &prog_id, "Notify")?),
        };
        Ok(Self { face, prog_id, settings: settings.clone(), about: Mutex::default() })
    }

    /// Tells it of an event that the contract does not have yet: the module may be of a later one.
    pub fn notify_later(&self, event: u32, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.call_notify(event, &Open::authority(server))
    }

    fn call_notify(&self, event: u32, open: &Open) -> Result<(), ModuleError> {
        let (event, context) = (event.cast_signed(), open.number());
        during("ICertExit::Notify", || match &self.face {
            Face::Table(exit) => {
                // SAFETY: the interface's function.
                let status = unsafe { (exit.table().notify)(exit.as_raw(), event, context) };
                failure::check("ICertExit::Notify", status)
            }
            Face::Late(late) => {
                late.call("ICertExit", "Notify", vec![Variant::long(event), Variant::long(context)]).map(drop)
            }
        })
    }

    /// The object that `GetManageModule` gives, where the module has that.
    fn manage_module(&self) -> Option<Manage> {
        match &self.face {
            Face::Table(exit) => {
                let exit: Pointer<CertExit2> = exit.query().ok()?;
                let mut object = std::ptr::null_mut();
                let status = during("ICertExit2::GetManageModule", || {
                    // SAFETY: the interface's function, with a place of ours; a reference is handed over.
                    unsafe { (exit.table().manage_module)(exit.as_raw(), &mut object) }
                });
                // SAFETY: as above.
                unsafe { Pointer::from_raw(object) }.filter(|_| status >= 0).map(Manage::Table)
            }
            Face::Late(late) => late_manage_module(late, "ICertExit2"),
        }
    }
}

/// An object that is called by name; `member` is one that it must have.
pub fn late(found: Result<Pointer<Dispatch>, i32>, prog_id: &str, member: &str) -> Result<Late, ModuleError> {
    let late = found.ok().map(Late::new).filter(|late| late.has(member));
    late.ok_or_else(|| {
        let text = format!("{prog_id} is no module of this role: it has neither the interface nor a member `{member}`");
        ModuleError::invalid(text)
    })
}

/// The management object of a module that is called by name.
pub fn late_manage_module(late: &Late, interface: &str) -> Option<Manage> {
    if !late.has("GetManageModule") {
        return None;
    }
    let value = during("GetManageModule", || late.call(interface, "GetManageModule", Vec::new())).ok()?;
    // SAFETY: a reference to an object, taken out of the value.
    let object: Pointer<Unknown> = unsafe { Pointer::from_raw(value.take_object()?) }?;
    Manage::of(&object)
}

impl ExitModule for ComExit {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let open = Open::authority(server);
        let facts = Facts::learn(ca, server, Role::Exit, &self.prog_id)?;
        settings::mirror(&facts, &self.settings)?;
        let config = Bstr::text(ca);
        let mask = during("ICertExit::Initialize", || match &self.face {
            Face::Table(exit) => {
                let mut mask = 0;
                // SAFETY: the interface's function, with a text and a place of ours.
                let status = unsafe { (exit.table().initialize)(exit.as_raw(), config.as_raw(), &mut mask) };
                failure::check("ICertExit::Initialize", status).map(|()| mask)
            }
            Face::Late(late) => {
                let value = late.call("ICertExit", "Initialize", vec![Variant::bstr(Bstr::text(ca))])?;
                value.as_long().ok_or_else(|| ModuleError::invalid("Initialize gave no mask of events"))
            }
        })?;
        *self.about.lock() = manage::about(self.manage_module(), &self.prog_id, &facts);
        drop(open);
        Ok(ExitEvents::from_bits_truncate(mask.cast_unsigned()))
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.call_notify(notification.event.bit(), &Open::event(notification, server))
    }

    fn description(&self) -> String {
        let text = during("ICertExit::GetDescription", || match &self.face {
            Face::Table(exit) => {
                let mut text = std::ptr::null_mut();
                // SAFETY: the interface's function, with a place for the text that it hands over.
                unsafe {
                    let status = (exit.table().description)(exit.as_raw(), &mut text);
                    let text = Bstr::from_raw(text);
                    (status >= 0).then(|| text.to_text())
                }
            }
            Face::Late(late) => {
                late.call("ICertExit", "GetDescription", Vec::new()).ok().and_then(|text| text.as_text())
            }
        });
        text.filter(|text| !text.is_empty()).unwrap_or_else(|| self.prog_id.clone())
    }

    fn about(&self) -> Vec<(String, String)> {
        self.about.lock().clone()
    }
}

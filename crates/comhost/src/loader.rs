//! From a file, a class or a ProgID to an object.

mod registration;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::path::PathBuf;

use module::{HResult, ModuleError, Role};

use crate::guid::Guid;
use crate::hresult::{self, Status};
use crate::interfaces::Unknown;
use crate::object::Pointer;
use crate::{error_info, failure};

pub use registration::{Unregistered, register, unregister};
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;
#[cfg(windows)]
pub use windows::under_wine;

/// What to load, as the command line says it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The file.
    pub path: Option<PathBuf>,
    /// The class.
    pub clsid: Option<Guid>,
    /// The class, by its name.
    pub prog_id: Option<String>,
    /// Whether the module needs one thread for everything, with an apartment of its own.
    pub apartment: bool,
}

/// A loaded module.
pub struct Loaded {
    /// Its object.
    pub object: Pointer<Unknown>,
    /// Its ProgID, or what stands for it in the registry where it has none.
    pub prog_id: String,
}

/// A class that a file registers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Registered {
    prog_id: String,
    clsid: Guid,
}

impl Wanted {
    /// Loads the file and creates the object. To be called once in a process.
    pub fn load(&self, role: Role) -> Result<Loaded, ModuleError> {
        platform::load(self, role)
    }

    /// The file that is registered for the class, as the system that the server runs on writes its path. Nothing is loaded.
    pub fn find(&self) -> Result<String, ModuleError> {
        platform::find(self)
    }

    /// The ProgID to be used for the key of the settings, where the class was named by its identifier.
    fn stand_in(&self, clsid: &Guid) -> String {
        self.prog_id.clone().unwrap_or_else(|| clsid.to_string())
    }
}

/// Makes ready what modules find around them: drive C, the classes of the host.
pub fn prepare(folder: Option<&std::path::Path>) -> Result<(), ModuleError> {
    platform::prepare(folder)
}

/// The management object of a module, by the name that the convention gives its class: `<X>.ExitManage`.
pub fn manage_module(prog_id: &str) -> Option<Pointer<Unknown>> {
    platform::create(&format!("{}Manage", bare(prog_id))).ok()
}

/// A ProgID without its version.
fn bare(prog_id: &str) -> &str {
    match prog_id.rsplit_once('.') {
        Some((name, version)) if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => prog_id,
    }
}

/// Of the classes that a file registers, the one of this role: its ProgID ends in `.Exit` or `.Policy`.
fn choose(registered: &[Registered], role: Role, file: &str) -> Result<Registered, ModuleError> {
    let ends = |class: &Registered, suffix: &str| {
        bare(&class.prog_id).to_ascii_lowercase().ends_with(&suffix.to_ascii_lowercase())
    };
    let (suffix, other, what) = match role {
        Role::Exit => (".Exit", ".Policy", "a policy module, which is added with --role policy"),
        Role::Policy => (".Policy", ".Exit", "an exit module, which is added with --role exit"),
    };
    let mut fitting: Vec<&Registered> = Vec::new();
    for class in registered.iter().filter(|class| ends(class, suffix)) {
        // `X.Exit` and `X.Exit.1` are one class.
        if !fitting.iter().any(|known| known.clsid == class.clsid) {
            fitting.push(class);
        }
    }
    let name = |class: &&Registered| bare(&class.prog_id).to_owned();
    match fitting.as_slice() {
        [class] => Ok(Registered { prog_id: name(class), clsid: class.clsid }),
        [] => {
            let all: Vec<String> = registered.iter().map(|class| name(&class)).collect();
            let has = if all.is_empty() { "none at all".to_owned() } else { all.join(", ") };
            let text = if registered.iter().any(|class| ends(class, other)) {
                format!("{file} registers no class whose ProgID ends in `{suffix}` ({has}): it is {what}")
            } else {
                format!(
                    "{file} registers no class whose ProgID ends in `{suffix}` ({has}): name its class with the setting \
                     `clsid` or `progid`"
                )
            };
            Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text))
        }
        several => {
            let all: Vec<String> = several.iter().map(name).collect();
            let text =
                format!("{file} registers several classes: choose one with the setting `progid`: {}", all.join(", "));
            Err(ModuleError::invalid(text))
        }
    }
}

/// The error of a file that has no class of this name.
fn no_such_name(prog_id: &str, file: &str, registered: &[Registered]) -> ModuleError {
    let names: Vec<&str> = registered.iter().map(|class| class.prog_id.as_str()).collect();
    let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let text = format!("{file} registers no class of the ProgID `{prog_id}`: set `progid` to one that it has ({has})");
    failure::with_text("looking for the module's class", hresult::CO_E_CLASSSTRING, Some(text))
}

/// The error of a class whose object cannot be made.
fn uncreated(status: Status, class: &Registered, file: &str) -> ModuleError {
    let Registered { prog_id, clsid } = class;
    let text = match status {
        hresult::CLASS_E_CLASSNOTAVAILABLE | hresult::REGDB_E_CLASSNOTREG => {
            Some(format!("{file} has no class {clsid}: set `clsid` or `progid` to one that it has"))
        }
        _ => error_info::take().or_else(|| Some(format!("making {prog_id} of {file}"))),
    };
    failure::with_text("the class factory", status, text)
}

/// The error of a library's function.
fn failed(what: &str, status: i32) -> ModuleError {
    failure::of(what, status)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_class_is_the_one_of_the_role() {
        let class = |prog_id: &str, number| Registered { prog_id: prog_id.into(), clsid: Guid::new(number) };
        let all =
            [class("Acme.Exit.1", 1), class("Acme.Exit", 1), class("Acme.ExitManage", 2), class("Acme.Policy", 3)];
        assert_eq!(choose(&all, Role::Exit, "a").unwrap(), class("Acme.Exit", 1));
        assert_eq!(choose(&all, Role::Policy, "a").unwrap(), class("Acme.Policy", 3));
        let none = choose(&all[2..3], Role::Exit, "a.so").unwrap_err().message;
        assert!(none.contains("Acme.ExitManage") && none.contains("clsid"), "{none}");
        let role = choose(&all[3..], Role::Exit, "a.so").unwrap_err().message;
        assert!(role.contains("`.Exit` (Acme.Policy): it is a policy module"), "{role}");
        let two = choose(&[class("A.Exit", 1), class("B.Exit", 2)], Role::Exit, "a").unwrap_err().message;
        assert!(two.contains("A.Exit, B.Exit"), "{two}");
    }
}

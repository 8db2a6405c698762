//! `ICertManageModule`: what a module says of itself.

use crate::crash::during;
use crate::facts::Facts;
use crate::interfaces::{CertManageModule, Unknown};
use crate::late::Late;
use crate::loader;
use crate::object::Pointer;
use crate::values::{Bstr, Variant};

/// The properties that management tools show.
const NAMES: [&str; 5] = ["Name", "Description", "Copyright", "File Version", "Product Version"];
/// The most of a value that is kept, in bytes.
const VALUE_BYTES_MAX: usize = 1024;

/// A module's management object, and how it is called: the table first, names where it has none.
pub enum Manage {
    /// Through `ICertManageModule`.
    Table(Pointer<CertManageModule>),
    /// By name.
    Late(Late),
}

impl Manage {
    /// An object that can be called either way.
    pub fn of(object: &Pointer<Unknown>) -> Option<Self> {
        let table = object.query().map(Self::Table);
        table.or_else(|_| object.query().map(|object| Self::Late(Late::new(object)))).ok()
    }
}

/// Reads the properties through the object that the module gave, or through the class that the naming convention names.
/// A module that says nothing of itself is none the worse.
pub fn about(given: Option<Manage>, prog_id: &str, facts: &Facts) -> Vec<(String, String)> {
    let named = || during("creating the management object", || loader::manage_module(prog_id));
    let found = given.or_else(|| Manage::of(&named()?));
    let Some(object) = found else {
        return Vec::new();
    };
    NAMES.iter().filter_map(|name| Some(((*name).to_owned(), property(&object, facts, name)?))).collect()
}

fn property(object: &Manage, facts: &Facts, name: &str) -> Option<String> {
    let [config, location, name] = [&facts.config(), &facts.registry_location(), name].map(Bstr::text);
    let value = during("ICertManageModule::GetProperty", || match object {
        Manage::Table(object) => {
            let mut value = Variant::empty();
            // SAFETY: the interface's function, with texts and a place of ours.
            let status = unsafe {
                let (this, value) = (object.as_raw(), &mut value);
                (object.table().property)(this, config.as_raw(), location.as_raw(), name.as_raw(), 0, value)
            };
            (status >= 0).then_some(value)
        }
        Manage::Late(object) => {
            let mut arguments = Vec::from([config, location, name].map(Variant::bstr));
            arguments.push(Variant::long(0));
            object.call("ICertManageModule", "GetProperty", arguments).ok()
        }
    })?;
    let mut text = value.as_text().filter(|text| !text.trim().is_empty())?;
    text.truncate(text.floor_char_boundary(VALUE_BYTES_MAX));
    Some(text.trim().to_owned())
}

//! `ICertManageModule`: what a module says of itself.

use crate::crash::during;
use crate::facts::Facts;
use crate::interfaces::CertManageModule;
use crate::loader;
use crate::object::Pointer;
use crate::values::{Bstr, Variant};

/// The properties that management tools show.
const NAMES: [&str; 5] = ["Name", "Description", "Copyright", "File Version", "Product Version"];
/// The most of a value that is kept, in bytes.
const VALUE_BYTES_MAX: usize = 1024;

/// Reads the properties through the object that the module gave, or through the class that the naming convention names.
/// A module that says nothing of itself is none the worse.
pub fn about(given: Option<Pointer<CertManageModule>>, prog_id: &str, facts: &Facts) -> Vec<(String, String)> {
    let found = given.or_else(|| during("creating the management object", || loader::manage_module(prog_id)));
    let Some(object) = found else {
        return Vec::new();
    };
    NAMES.iter().filter_map(|name| Some(((*name).to_owned(), property(&object, facts, name)?))).collect()
}

fn property(object: &Pointer<CertManageModule>, facts: &Facts, name: &str) -> Option<String> {
    let (config, location) = (Bstr::text(&facts.config()), Bstr::text(&facts.registry_location()));
    let name = Bstr::text(name);
    let mut value = Variant::empty();
    let status = during("ICertManageModule::GetProperty", || {
        // SAFETY: the interface's function, with texts and a place of ours.
        unsafe {
            (object.table().property)(object.as_raw(), config.as_raw(), location.as_raw(), name.as_raw(), 0, &mut value)
        }
    });
    let mut text = value.as_text().filter(|text| status >= 0 && !text.trim().is_empty())?;
    text.truncate(text.floor_char_boundary(VALUE_BYTES_MAX));
    Some(text.trim().to_owned())
}

//! The modules that ship with Exeunt, built in: each is a [`ModuleKind`] that an operator installs by its name.
//!
//! | Name | Role | Here |
//! |---|---|---|
//! | `default` | policy | [`policy`]: decides and amends by profiles |
//! | `file` | exit | [`mod@file`]: writes certificates, CRLs and CA certificates into a directory |
//! | `journal` | exit | [`journal`]: appends one JSON object for each event to a file |
//!
//! The crate knows the module contract and nothing above it: what these modules do, a foreign module can do too.

mod durable;
pub mod file;
pub mod journal;
pub mod policy;

use std::sync::Arc;

use module::ModuleKind;

/// The kinds of exit module that are built in. The policy kind is made from the configuration's profiles:
/// [`policy::DefaultPolicyKind::new`].
pub fn kinds() -> Vec<Arc<dyn ModuleKind>> {
    vec![Arc::new(file::FileKind), Arc::new(journal::JournalKind)]
}

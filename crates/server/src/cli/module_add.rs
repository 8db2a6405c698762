//! `exeunt module add`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueHint};
use frontends::model::{ModuleRole, NewModule};
use module::HResult;

use super::Context;
use super::input::pair;
use super::installed_module::{Options, Role};
use super::module_command::{COMMAND, WORKING_DIRECTORY, out_of_reach};
use super::module_source::Source;
use super::module_start::show_started;
use crate::Error;
use crate::folder::absolute;
use crate::loader::Kinds;

/// Options of `module add`.
#[derive(Debug, Args)]
pub struct Add {
    /// A folder with a manifest, a program, a component, a library, an https URL, or a kind of module (see: module list --available)
    #[arg(value_name = "PATH|URL|KIND", value_hint = ValueHint::AnyPath)]
    source: String,
    /// The name you will know it by [default: that of its manifest, its file or its kind]
    #[arg(long)]
    name: Option<String>,
    /// What it does [default: as its manifest says, else exit]
    #[arg(long)]
    role: Option<Role>,
    /// A setting (may be repeated); a secret as NAME=@file:PATH or NAME=@env:VARIABLE
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// Which events it is told first: now, beginning, an event's number, or a time
    #[arg(long, value_name = "WHERE", default_value = "now")]
    from: String,
    /// Its place among modules of its role, from 0 [default: last]
    #[arg(long, value_name = "N")]
    position: Option<u32>,
    /// Install what its manifest shows without asking
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    options: Options,
}

impl Add {
    pub(super) fn run(self, context: &Context) -> Result<(), Error> {
        let source = Source::work_out(&self.source)?;
        let asked = self.role.map(ModuleRole::from);
        let role = source.role(asked)?;
        source.confirm(context, self.yes, "Install it?")?;
        let name = self.name.unwrap_or_else(|| source.default_name());
        let settings: BTreeMap<String, String> = source.settings().into_iter().chain(self.settings).collect();
        if let Some(command) = settings.get(COMMAND) {
            let directory = settings.get(WORKING_DIRECTORY).map(String::as_str);
            if let Some(word) = out_of_reach(Path::new("."), command, directory) {
                let path = absolute(Path::new(&word))?;
                return Err(Error::usage(format!(
                    "`{word}` would not be found: the program runs in {}",
                    directory.unwrap_or("/")
                ))
                .next(format!("give its path, {}, or --set working_directory=…", path.display())));
            }
        }
        let new = NewModule {
            name,
            kind: source.kind().to_owned(),
            role,
            settings,
            package: source.package()?,
            options: self.options.change(),
            from: (role == ModuleRole::Exit).then_some(self.from),
            position: self.position,
        };
        let connection = context.connect()?;
        let well = format!("how it does: exeunt module show {}", new.name);
        show_started(context, &connection, &new.name, &well, || {
            connection.post("/v1/modules", &new).map_err(|error| match source {
                Source::Packaged(_) => error,
                _ => with_settings_of(&new.kind, error),
            })
        })
    }
}

/// An error, with where to look where a setting is not what it should be.
fn with_settings_of(kind: &str, error: Error) -> Error {
    if error.code != Some(HResult::E_INVALIDARG) || !error.next.is_empty() {
        return error;
    }
    let known = Kinds::new(Arc::default(), None).all().iter().any(|known| known.name() == kind);
    let next = if known {
        format!("its settings: exeunt module list --available {kind}")
    } else {
        "give a module's folder, its program (./NAME where it is in this folder), or a kind of: exeunt module list --available"
            .to_owned()
    };
    error.next(next)
}

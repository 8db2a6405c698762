//! `exeunt module upgrade` and `rollback`.

use std::collections::BTreeMap;

use clap::{Args, ValueHint};
use frontends::model::{self, CanaryOrder, Module as Installed, ModulePackage, ModuleUpgrade, ModuleVersion};

use super::Context;
use super::input::pair;
use super::installed_module::{path, refuse_unset};
use super::module_command::{self, COMMAND};
use super::module_source::Source;
use super::module_start::show_started;
use super::output::clean;
use crate::Error;
use crate::error::Kind;

/// Options of `module upgrade`.
#[derive(Debug, Args)]
pub struct Upgrade {
    /// The module
    name: String,
    /// The new version: a folder with a manifest, a program, a component, a library, or an https URL [default: the same code]
    #[arg(value_name = "PATH|URL", value_hint = ValueHint::AnyPath)]
    source: Option<String>,
    /// A setting of the new version (may be repeated); the others stay
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// Take a setting away (may be repeated)
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    /// Try it first: tell it of this share of the requests, and the version in force of the others
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    canary: Option<u8>,
    /// Failures with which the trial is over and the version in force takes everything again
    #[arg(long, value_name = "N", default_value_t = 5, requires = "canary")]
    canary_failures: u32,
    /// Install what its manifest shows without asking
    #[arg(long, short)]
    yes: bool,
}

/// Options of `module rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The module
    name: String,
    /// The number of the version to go back to [default: the trial is ended, or the version before put into force]
    #[arg(long, value_name = "NUMBER")]
    to: Option<u32>,
}

impl Upgrade {
    pub(super) fn run(self, context: &Context) -> Result<(), Error> {
        if self.source.is_none() && self.settings.is_empty() && self.unset.is_empty() {
            return Err(Error::usage("nothing was said to be new")
                .next("give the path of the new version, or --set NAME=VALUE"));
        }
        let connection = context.connect()?;
        let before: Installed = connection.get(&path(&self.name))?;
        let command = self.source.as_deref().and_then(|source| module_command::upgraded(&before, source));
        let source = match &command {
            Some(_) => None,
            None => self.source.as_deref().map(Source::work_out).transpose()?,
        };
        let given = self.settings.into_iter().map(|(name, value)| (name, Some(value)));
        let taken = self.unset.iter().map(|name| (name.clone(), None));
        let mut settings: BTreeMap<String, Option<String>> = BTreeMap::new();
        let (mut kind, mut package) = (None, ModulePackage::default());
        if let Some(source) = &source {
            source.confirm(context, self.yes, &format!("Upgrade {} to it?", self.name))?;
            settings.extend(source.settings().into_iter().map(|(name, value)| (name, Some(value))));
            kind = Some(source.kind().to_owned());
            package = source.package()?;
        }
        if let Some(command) = command {
            context.output().hint(&format!("its command: {}", clean(&command)));
            settings.insert(COMMAND.to_owned(), Some(command));
        }
        settings.extend(given.chain(taken));
        let failures_max = self.canary_failures;
        let canary = self.canary.map(|percent| CanaryOrder { percent, failures_max });
        let upgrade = ModuleUpgrade { kind, settings, package, canary };
        refuse_unset(&connection, &self.name, &self.unset)?;
        let name = &self.name;
        let well = match self.canary {
            Some(_) => {
                format!("take it over: exeunt module promote {name}; end the trial: exeunt module rollback {name}")
            }
            None => format!("the way back: exeunt module rollback {name}"),
        };
        let mut confusable = None;
        show_started(context, &connection, name, &well, || {
            let upgraded: Result<Installed, Error> = connection.post(&format!("{}/upgrade", path(name)), &upgrade);
            let upgraded = upgraded.map_err(|error| match error.kind {
                Kind::Refused | Kind::Conflict if error.next.is_empty() => {
                    error.next("the version in force goes on as before")
                }
                _ => error,
            })?;
            confusable = of_another_file(&upgraded);
            Ok(upgraded)
        })?;
        if let Some(version) = confusable {
            context.output().hint(&format!(
                "another file of {name} calls itself {version} too: give each its own `version` in the manifest, to tell them apart"
            ));
        }
        Ok(())
    }
}

/// The version that the newest one says it is, where one with another file says the same.
fn of_another_file(module: &Installed) -> Option<String> {
    let newest = module.versions.iter().max_by_key(|version| version.number)?;
    let text = newest.version.as_ref()?;
    let same = |other: &&ModuleVersion| other.version.as_ref() == Some(text) && other.sha256 != newest.sha256;
    module.versions.iter().find(same).map(|_| clean(text))
}

impl Rollback {
    pub(super) fn run(self, context: &Context) -> Result<(), Error> {
        let order = model::Rollback { to: self.to };
        let connection = context.connect()?;
        let rollback = format!("{}/rollback", path(&self.name));
        show_started(context, &connection, &self.name, "", || connection.post(&rollback, &order))
    }
}

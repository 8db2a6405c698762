//! What every command is given: the options before the noun, and where they lead.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::output::Output;
use crate::Error;
use crate::config::{self, Resolved};
use crate::error::Kind;
use crate::folder::DataFolder;

/// The data folder of a server that was told nothing.
pub const DEFAULT_FOLDER: &str = "exeunt-data";

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Globals {
    /// The data folder [default: the folder of --config, else ./exeunt-data]
    #[arg(long, global = true, value_name = "DIR", env = "EXEUNT_DATA", help_heading = "Global options")]
    pub data: Option<PathBuf>,
    /// The configuration file [default: exeunt.toml in the data folder]
    #[arg(long, global = true, value_name = "FILE", env = "EXEUNT_CONFIG", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Whether to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: Color,
    /// The server's admin socket [default: as configured]
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "EXEUNT_SOCKET",
        conflicts_with = "url",
        help_heading = "Global options"
    )]
    pub socket: Option<PathBuf>,
    /// A server on another machine: https://HOST:PORT
    #[arg(
        long, global = true, value_name = "URL", env = "EXEUNT_URL", requires_all = ["tls_certificate", "tls_key", "tls_roots"],
        help_heading = "Global options"
    )]
    pub url: Option<String>,
    /// With --url: your certificate, PEM
    #[arg(long, global = true, value_name = "FILE", env = "EXEUNT_TLS_CERTIFICATE", help_heading = "Global options")]
    pub tls_certificate: Option<PathBuf>,
    /// With --url: its private key, PEM
    #[arg(long, global = true, value_name = "FILE", env = "EXEUNT_TLS_KEY", help_heading = "Global options")]
    pub tls_key: Option<PathBuf>,
    /// With --url: the roots the server's certificate chains to, PEM
    #[arg(long, global = true, value_name = "FILE", env = "EXEUNT_TLS_ROOTS", help_heading = "Global options")]
    pub tls_roots: Option<PathBuf>,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    globals: Globals,
    output: Output,
}

impl Context {
    /// From the options.
    pub fn new(globals: Globals) -> Self {
        let choice = match globals.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let output = Output::new(globals.json);
        Self { globals, output }
    }

    /// Where results go.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The options.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Whether no option says where the authority is.
    pub fn is_bare(&self) -> bool {
        self.globals.data.is_none() && self.globals.config.is_none()
    }

    /// The data folder.
    ///
    /// # Errors
    /// The working directory cannot be read.
    pub fn folder(&self) -> Result<DataFolder, Error> {
        let of_config = self
            .globals
            .config
            .as_deref()
            .map(|file| file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        DataFolder::at(self.globals.data.as_deref().or(of_config).unwrap_or(Path::new(DEFAULT_FOLDER)))
    }

    /// The configuration file.
    ///
    /// # Errors
    /// The working directory cannot be read.
    pub fn configuration_path(&self) -> Result<PathBuf, Error> {
        match &self.globals.config {
            Some(path) => std::path::absolute(path).map_err(|error| Error::io(path, &error)),
            None => Ok(self.folder()?.configuration()),
        }
    }

    /// The configuration, parsed and resolved.
    ///
    /// # Errors
    /// There is none, or it has mistakes.
    pub fn configuration(&self) -> Result<Resolved, Error> {
        load(&self.configuration_path()?, &self.folder()?)
    }
}

/// Reads, parses and resolves a configuration file.
///
/// # Errors
/// There is none, or it has mistakes.
pub fn load(path: &Path, folder: &DataFolder) -> Result<Resolved, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::new(
            Kind::NotFound,
            format!("there is no certification authority here: {} is missing", path.display()),
        )
        .next("make one with `exeunt init`, or say where it is with --data DIR"),
        _ => Error::io(path, &error),
    })?;
    let file = config::parse(path, &text)?;
    Ok(config::resolve(path, &text, folder.path(), file)?)
}

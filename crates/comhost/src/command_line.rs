//! The command line.

use std::path::PathBuf;

use module::Role;

use crate::loader::Wanted;

const USAGE: &str = "\
usage: exeunt-comhost exit|policy [--path FILE] [--clsid GUID | --progid NAME] [--registry DIRECTORY] [--apartment]
       exeunt-comhost register|unregister FILE [--registry DIRECTORY]
       exeunt-comhost find --clsid GUID | --progid NAME [--registry DIRECTORY]

Hosts a COM exit or policy module, and speaks the module protocol on its standard input and output. The server starts it:
  exeunt module add FILE
A module that is registered needs no --path: register calls the file's DllRegisterServer, and makes its classes found by their
identifier and their name. find says which file is registered for a class.

  --path FILE           the module: a DLL, or on Linux a shared object that was built with sdk/c
  --clsid GUID          its class; without it, and without --progid, the class that the file registers as <X>.Exit or <X>.Policy
  --progid NAME         its class, by name
  --registry DIRECTORY  where its registry and its drive C are kept; needed on Linux, not used on Windows
  --apartment           create and call it on one thread, in a single-threaded apartment
  --version";

/// What the host was started for.
pub struct CommandLine {
    /// The module's role.
    pub role: Role,
    /// The module.
    pub wanted: Wanted,
    /// Where its registry is kept.
    pub registry: Option<PathBuf>,
}

/// A file to be registered, or no longer.
pub struct Registration {
    /// The file.
    pub file: PathBuf,
    /// Whether it is to be registered.
    pub register: bool,
    /// Where the registry is kept.
    pub registry: Option<PathBuf>,
}

/// A class whose file is asked for.
pub struct Sought {
    /// The class.
    pub wanted: Wanted,
    /// Where the registry is kept.
    pub registry: Option<PathBuf>,
}

/// What is to be done.
pub enum Request {
    /// Host a module.
    Run(CommandLine),
    /// Say which file has a class.
    Find(Sought),
    /// Register a file, or take that back.
    Registration(Registration),
    /// Say this.
    Say(String),
}

impl CommandLine {
    /// Reads the arguments, without the program's name. The error is for the person who wrote them.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, String> {
        let role = match arguments.next().as_deref() {
            Some("exit") => Role::Exit,
            Some("policy") => Role::Policy,
            Some("find") => return Sought::parse(arguments),
            Some(word @ ("register" | "unregister")) => return Registration::parse(word == "register", arguments),
            Some("--version") => return Ok(Request::Say(format!("exeunt-comhost {}", env!("CARGO_PKG_VERSION")))),
            Some("--help" | "-h") => return Ok(Request::Say(USAGE.to_owned())),
            _ => return Err(USAGE.to_owned()),
        };
        let (wanted, registry) = module(arguments)?;
        if wanted.path.is_none() && wanted.clsid.is_none() && wanted.prog_id.is_none() {
            return Err(format!("name the module: --path, --clsid or --progid\n\n{USAGE}"));
        }
        Ok(Request::Run(Self { role, wanted, registry }))
    }
}

impl Sought {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Request, String> {
        let (wanted, registry) = module(arguments)?;
        if wanted.path.is_some() || wanted.apartment || wanted.clsid.is_some() == wanted.prog_id.is_some() {
            return Err(format!("name the class: --clsid or --progid\n\n{USAGE}"));
        }
        Ok(Request::Find(Self { wanted, registry }))
    }
}

/// The options that name a module, and where its registry is kept.
fn module(mut arguments: impl Iterator<Item = String>) -> Result<(Wanted, Option<PathBuf>), String> {
    let (mut wanted, mut registry) = (Wanted::default(), None);
    while let Some(name) = arguments.next() {
        if name == "--apartment" {
            wanted.apartment = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n\n{USAGE}"))?;
        match name.as_str() {
            "--path" => wanted.path = Some(PathBuf::from(value)),
            "--clsid" => wanted.clsid = Some(value.parse()?),
            "--progid" => wanted.prog_id = Some(value),
            "--registry" => registry = Some(PathBuf::from(value)),
            other => return Err(format!("there is no option `{other}`\n\n{USAGE}")),
        }
    }
    Ok((wanted, registry))
}

impl Registration {
    fn parse(register: bool, mut arguments: impl Iterator<Item = String>) -> Result<Request, String> {
        let (mut file, mut registry) = (None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--registry" => {
                    let value = arguments.next().ok_or_else(|| format!("--registry needs a value\n\n{USAGE}"))?;
                    registry = Some(PathBuf::from(value));
                }
                option if option.starts_with("--") => return Err(format!("there is no option `{option}`\n\n{USAGE}")),
                _ if file.is_some() => return Err(format!("one file at a time\n\n{USAGE}")),
                _ => file = Some(PathBuf::from(argument)),
            }
        }
        let file = file.ok_or_else(|| format!("name the file\n\n{USAGE}"))?;
        Ok(Request::Registration(Self { file, register, registry }))
    }
}

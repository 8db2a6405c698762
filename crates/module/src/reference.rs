//! Settings given by reference: a secret lies in a file or in the server's environment, and the setting says where.
//!
//! | A setting's value | What the module gets |
//! |---|---|
//! | `@file:/path` | the text in the file, without the line's end |
//! | `@env:NAME` | the variable of the server's environment |
//! | `@text:anything` | `anything`, for a text that begins like the two above |
//!
//! The reference is what is stored and shown. It is resolved when the module is loaded, and what it stands for is kept in memory
//! only.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{HResult, ModuleError, Settings};

const FILE: &str = "@file:";
const ENVIRONMENT: &str = "@env:";
const TEXT: &str = "@text:";

/// Octets of a secret at most.
const BYTES_MAX: u64 = 64 << 10;

/// Secrets shorter than this are not looked for in texts: too much else would be struck out.
const REDACTED_BYTES_MIN: usize = 4;

/// Whether this value says where the value is.
pub fn is_reference(value: &str) -> bool {
    value.starts_with(FILE) || value.starts_with(ENVIRONMENT)
}

/// Whether a setting is among these names; one that ends with `*` stands for every name that begins so.
pub fn names(names: &[impl AsRef<str>], setting: &str) -> bool {
    names.iter().map(AsRef::as_ref).any(|name| match name.strip_suffix('*') {
        Some(begin) => setting.starts_with(begin),
        None => name == setting,
    })
}

/// Settings with what their references stand for. Not to be stored or shown.
#[derive(Clone)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    /// What was resolved, and the reference to it.
    secrets: Vec<(String, String)>,
}

impl std::fmt::Debug for Resolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolved").field("references", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl Settings {
    /// Looks up every reference.
    ///
    /// # Errors
    /// `ERROR_FILE_NOT_FOUND` where a file or variable is not there or cannot be used; the text names the setting and the place.
    pub fn resolved(&self) -> Result<Resolved, ModuleError> {
        let mut resolved = Resolved { settings: self.clone(), secrets: Vec::new() };
        for (name, value) in self.iter() {
            let found = match (value.strip_prefix(FILE), value.strip_prefix(ENVIRONMENT), value.strip_prefix(TEXT)) {
                (Some(path), _, _) => file(path),
                (_, Some(variable), _) => environment(variable),
                (_, _, Some(text)) => {
                    resolved.settings.set(name, text);
                    continue;
                }
                _ => continue,
            };
            let found = found.map_err(|why| {
                let text = format!("the setting `{name}` is given as {value}, and {why}");
                ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text)
            })?;
            resolved.secrets.push((found.clone(), value.to_owned()));
            resolved.settings.set(name, found);
        }
        Ok(resolved)
    }
}

impl Resolved {
    /// The error, with references in the place of what they stand for.
    pub fn redact(&self, error: ModuleError) -> ModuleError {
        let mut message = error.message;
        for (secret, reference) in &self.secrets {
            // Whoever reads a setting may leave out the space around it.
            let secret = secret.trim();
            if secret.len() >= REDACTED_BYTES_MIN {
                message = message.replace(secret, reference);
            }
        }
        ModuleError::new(error.code, message)
    }
}

fn file(path: &str) -> Result<String, String> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err("that is no absolute path".into());
    }
    let mut text = Vec::new();
    let read = std::fs::metadata(path).and_then(|found| {
        // Before it is opened: opening a pipe would wait for whoever writes into it.
        if !found.is_file() {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a file"));
        }
        File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut text)
    });
    read.map_err(|error| format!("the server cannot read that: {error}"))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(format!("that file has more than {BYTES_MAX} octets"));
    }
    let text = String::from_utf8(text).map_err(|_| "that file is not UTF-8 text".to_owned())?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() { Err("that file is empty".into()) } else { Ok(line.to_owned()) }
}

fn environment(variable: &str) -> Result<String, String> {
    // A name with `=` or NUL is none, and asking for it is no error but a panic on some systems.
    if variable.is_empty() || variable.contains(['=', '\0']) {
        return Err("that is no name of a variable".into());
    }
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) => Err("that variable is empty in the server's environment".into()),
        Err(std::env::VarError::NotPresent) => Err("the server's environment has no such variable".into()),
        Err(std::env::VarError::NotUnicode(_)) => Err("that variable is not UTF-8 text".into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().copied().collect()
    }

    #[test]
    fn references_are_resolved_and_the_rest_is_left_alone() {
        let path = std::env::temp_dir().join(format!("exeunt-secret-{}", std::process::id()));
        std::fs::write(&path, "s3cret\n").unwrap();
        let given = settings(&[
            ("password", &format!("@file:{}", path.display())),
            ("home", "@env:PATH"),
            ("handle", "@alice"),
            ("odd", "@text:@file:x"),
            ("plain", "text"),
        ]);
        let resolved = given.resolved().unwrap();
        assert_eq!(resolved.settings.value("password"), Some("s3cret"));
        assert_eq!(resolved.settings.value("home"), std::env::var("PATH").ok().as_deref());
        assert_eq!(resolved.settings.value("handle"), Some("@alice"));
        assert_eq!(resolved.settings.value("odd"), Some("@file:x"));
        assert_eq!(resolved.settings.value("plain"), Some("text"));
        // What is stored is the reference still, and no text shows more.
        assert!(given.value("password").is_some_and(is_reference) && !is_reference("@alice"));
        assert!(!format!("{resolved:?}").contains("s3cret"));
        let error = resolved.redact(ModuleError::invalid("the setting `password` cannot be `s3cret`"));
        assert!(!error.message.contains("s3cret") && error.message.contains("@file:"), "{error}");
        std::fs::write(&path, " s3cret \n").unwrap();
        let error = given.resolved().unwrap().settings.within("password", 1, 1..=9).unwrap_err();
        let error = given.resolved().unwrap().redact(error);
        assert!(!error.message.contains("s3cret"), "{error}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_name_stands_for_itself_or_for_a_beginning() {
        let secrets = ["password", "env.*"];
        assert!(names(&secrets, "password") && names(&secrets, "env.TOKEN"));
        assert!(!names(&secrets, "password2") && !names(&secrets, "environment"));
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_holds_nobody_up() {
        let path = std::env::temp_dir().join(format!("exeunt-pipe-{}", std::process::id()));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let given = settings(&[("pin", &format!("@file:{}", path.display()))]);
        let (send, refused) = std::sync::mpsc::channel();
        std::thread::spawn(move || send.send(given.resolved().map(drop)));
        let error = refused.recv_timeout(std::time::Duration::from_secs(20)).unwrap().unwrap_err();
        std::fs::remove_file(path).unwrap();
        assert!(error.message.contains("not a file"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (value, said) in [
            ("@file:relative", "absolute"),
            ("@file:/nowhere/at/all", "No such file"),
            ("@file:/", "not a file"),
            ("@file:/dev/null", "not a file"),
            ("@env:EXEUNT_NO_SUCH_VARIABLE", "no such variable"),
            ("@env:A=B", "no name of a variable"),
            ("@env:", "no name of a variable"),
        ] {
            let error = settings(&[("pin", value)]).resolved().unwrap_err();
            assert!(error.message.contains("`pin`") && error.message.contains(said), "{value}: {error}");
        }
    }
}

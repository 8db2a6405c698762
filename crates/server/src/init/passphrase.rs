//! The key's passphrase: asked for, read from where the configuration says.

use keys::Passphrase;
use zeroize::Zeroizing;

use crate::Error;
use crate::config::PassphraseSource;

/// Asks for a new passphrase, twice.
///
/// # Errors
/// There is no terminal, the two differ, or it cannot be one.
pub fn prompt_new() -> Result<Passphrase, Error> {
    let first = prompt("Passphrase for the new CA key: ")?;
    let second = prompt("The same again: ")?;
    if *first != *second {
        return Err(Error::usage("the two passphrases differ").next("run the command again"));
    }
    Ok(Passphrase::new(first)?)
}

/// Reads the passphrase from where the configuration says it is.
///
/// # Errors
/// It is not there, or cannot be one.
pub fn read_passphrase(source: &PassphraseSource) -> Result<Passphrase, Error> {
    match source {
        PassphraseSource::File(path) => Ok(Passphrase::from_file(path)?),
        PassphraseSource::Environment(name) => Ok(Passphrase::from_env(name)?),
        PassphraseSource::Prompt => Ok(Passphrase::new(prompt("Passphrase of the CA key: ")?)?),
    }
}

fn prompt(text: &str) -> Result<Zeroizing<String>, Error> {
    rpassword::prompt_password(text).map(Zeroizing::new).map_err(|_| {
        Error::usage("no passphrase is configured, and there is no terminal to ask for one")
            .next("set [keys] passphrase_file or passphrase_env (at init: --passphrase-file or --passphrase-env)")
    })
}

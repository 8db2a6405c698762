//! Keys as folders.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use module::{HResult, ModuleError};
use parking_lot::Mutex;

use super::RegistryValue;
use super::stored::{Stored, Values};

/// Win32 error codes of the registry's functions.
pub mod error {
    /// No such key or value.
    pub const NOT_FOUND: u32 = 2;
    /// Not allowed; also a key that has keys below it.
    pub const ACCESS_DENIED: u32 = 5;
    /// Not an open key.
    pub const INVALID_HANDLE: u32 = 6;
    /// Not data that can be read.
    pub const INVALID_DATA: u32 = 13;
    /// The folder cannot be read or written.
    pub const GENERAL_FAILURE: u32 = 31;
    /// A parameter that makes no sense.
    pub const INVALID_PARAMETER: u32 = 87;
    /// The room is too small.
    pub const MORE_DATA: u32 = 234;
    /// The end of an enumeration.
    pub const NO_MORE_ITEMS: u32 = 259;
    /// The key was deleted.
    pub const KEY_DELETED: u32 = 1018;
}

/// The longest name of a key, in UTF-16 units.
const KEY_NAME_MAX: usize = 255;
/// The longest name of a value, in UTF-16 units.
const VALUE_NAME_MAX: usize = 16_383;
/// The most bytes of a value.
pub const DATA_MAX: usize = 1 << 20;
/// The most bytes of a file of values that are read.
const FILE_MAX: u64 = 64 << 20;
/// The file that holds a key's values. No key has this name: a leading dot is escaped.
const VALUES: &str = ".values.json";

/// The predefined keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `HKEY_CLASSES_ROOT`
    Classes,
    /// `HKEY_CURRENT_USER`
    CurrentUser,
    /// `HKEY_LOCAL_MACHINE`
    LocalMachine,
    /// `HKEY_USERS`
    Users,
}

impl Root {
    const ALL: [Self; 4] = [Self::Classes, Self::CurrentUser, Self::LocalMachine, Self::Users];

    const fn path(self) -> &'static str {
        match self {
            Self::Classes => "HKEY_LOCAL_MACHINE/SOFTWARE/Classes",
            Self::CurrentUser => "HKEY_CURRENT_USER",
            Self::LocalMachine => "HKEY_LOCAL_MACHINE",
            Self::Users => "HKEY_USERS",
        }
    }
}

/// The folder that a registry is kept in.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// One change at a time.
    changing: Mutex<()>,
    /// Where `HKEY_CLASSES_ROOT` is for the time being.
    diverted: Mutex<Option<PathBuf>>,
}

/// `HKEY_CLASSES_ROOT` elsewhere: until it is dropped, what is written there is seen there, and then gone.
pub struct Diverted<'s> {
    store: &'s Store,
}

impl Drop for Diverted<'_> {
    fn drop(&mut self) {
        if let Some(folder) = self.store.diverted.lock().take() {
            // What stays is another's to remove: it is read by nobody, and emptied before it is used again.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Store {
    /// Opens it, and makes it where it is missing.
    pub fn open(folder: &Path) -> Result<Self, ModuleError> {
        let folder = folder.join("registry");
        for root in Root::ALL {
            fs::create_dir_all(folder.join(root.path())).map_err(|error| {
                let code = ModuleError::from(std::io::Error::from(error.kind())).code;
                let text = format!("the module's registry cannot be kept in {}: {error}", folder.display());
                ModuleError::new(code, text)
            })?;
        }
        Ok(Self { folder, changing: Mutex::new(()), diverted: Mutex::new(None) })
    }

    /// Where it is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a predefined key.
    pub fn root(&self, root: Root) -> PathBuf {
        let diverted = if root == Root::Classes { self.diverted.lock().clone() } else { None };
        diverted.unwrap_or_else(|| self.folder.join(root.path()))
    }

    /// Has `HKEY_CLASSES_ROOT` elsewhere for the time being, with nothing in it: for a look at what a file registers.
    pub fn divert_classes(&self) -> Result<Diverted<'_>, ModuleError> {
        let folder = self.folder.join(format!(".caught-{}", std::process::id()));
        let emptied = match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::create_dir(&folder),
        };
        emptied.map_err(|error| {
            let code = ModuleError::from(std::io::Error::from(error.kind())).code;
            ModuleError::new(code, format!("{} cannot be made: {error}", folder.display()))
        })?;
        *self.diverted.lock() = Some(folder);
        Ok(Diverted { store: self })
    }

    /// The folder of a key, by its path below a predefined one.
    pub fn find(&self, root: Root, path: &str) -> Result<PathBuf, u32> {
        self.find_below(&self.root(root), path)
    }

    /// Creates a key: its folder, and whether it is new.
    pub fn create(&self, root: Root, path: &str) -> Result<(PathBuf, bool), u32> {
        self.create_below(&self.root(root), path)
    }

    /// The folder of a key, by its path below another.
    pub fn find_below(&self, key: &Path, path: &str) -> Result<PathBuf, u32> {
        exists(key)?;
        parts(path)?.iter().try_fold(key.to_owned(), |folder, name| child(&folder, name)?.ok_or(error::NOT_FOUND))
    }

    /// Creates a key below another: its folder, and whether it is new.
    pub fn create_below(&self, key: &Path, path: &str) -> Result<(PathBuf, bool), u32> {
        let _changing = self.changing.lock();
        exists(key)?;
        let mut folder = key.to_owned();
        let mut new = false;
        for name in parts(path)? {
            let found = child(&folder, name)?;
            new = found.is_none();
            folder = match found {
                Some(found) => found,
                None => {
                    let made = folder.join(escape(name));
                    fs::create_dir(&made).map_err(code)?;
                    made
                }
            };
        }
        Ok((folder, new))
    }

    /// Deletes a key. With `tree` also those below; without, one that has any is `ERROR_ACCESS_DENIED`.
    pub fn delete_key(&self, key: &Path, tree: bool) -> Result<(), u32> {
        let _changing = self.changing.lock();
        exists(key)?;
        if !tree && !children(key)?.is_empty() {
            return Err(error::ACCESS_DENIED);
        }
        fs::remove_dir_all(key).map_err(code)
    }

    /// The names of the keys below, in order.
    pub fn keys(&self, key: &Path) -> Result<Vec<String>, u32> {
        exists(key)?;
        children(key)
    }

    /// The values of a key, by name.
    pub fn values(&self, key: &Path) -> Result<Vec<(String, RegistryValue)>, u32> {
        let values = load(key)?.into_iter();
        values.map(|(name, value)| Ok((name, value.to_value().ok_or(error::INVALID_DATA)?))).collect()
    }

    /// One value. The empty name is the key's default value.
    pub fn value(&self, key: &Path, name: &str) -> Result<RegistryValue, u32> {
        let values = load(key)?;
        let (_, value) = values.iter().find(|(known, _)| same(known, name)).ok_or(error::NOT_FOUND)?;
        value.to_value().ok_or(error::INVALID_DATA)
    }

    /// Writes a value.
    pub fn set_value(&self, key: &Path, name: &str, value: RegistryValue) -> Result<(), u32> {
        if name.encode_utf16().count() > VALUE_NAME_MAX || value.data.len() > DATA_MAX {
            return Err(error::INVALID_PARAMETER);
        }
        let _changing = self.changing.lock();
        let mut values = load(key)?;
        let known = values.keys().find(|known| same(known, name)).cloned();
        values.insert(known.unwrap_or_else(|| name.to_owned()), Stored::from(value));
        save(key, &values)
    }

    /// Deletes a value.
    pub fn delete_value(&self, key: &Path, name: &str) -> Result<(), u32> {
        let _changing = self.changing.lock();
        let mut values = load(key)?;
        let known = values.keys().find(|known| same(known, name)).cloned().ok_or(error::NOT_FOUND)?;
        values.remove(&known);
        save(key, &values)
    }
}

/// The names on a path; doubled and outer backslashes are passed over.
fn parts(path: &str) -> Result<Vec<&str>, u32> {
    let parts: Vec<&str> = path.split('\\').filter(|part| !part.is_empty()).collect();
    let fit = |part: &&str| part.encode_utf16().count() <= KEY_NAME_MAX && !part.contains('\0');
    if parts.iter().all(fit) { Ok(parts) } else { Err(error::INVALID_PARAMETER) }
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

fn exists(key: &Path) -> Result<(), u32> {
    if key.is_dir() { Ok(()) } else { Err(error::KEY_DELETED) }
}

/// The folder of the key with this name, in whatever case.
fn child(folder: &Path, name: &str) -> Result<Option<PathBuf>, u32> {
    let exact = folder.join(escape(name));
    if exact.is_dir() {
        return Ok(Some(exact));
    }
    Ok(children(folder)?.into_iter().find(|known| same(known, name)).map(|known| folder.join(escape(&known))))
}

fn children(folder: &Path) -> Result<Vec<String>, u32> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(code)? {
        let entry = entry.map_err(code)?;
        if entry.file_type().map_err(code)?.is_dir()
            && let Some(name) = entry.file_name().to_str().and_then(unescape)
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn load(key: &Path) -> Result<Values, u32> {
    exists(key)?;
    let file = key.join(VALUES);
    match fs::metadata(&file) {
        Err(failure) if failure.kind() == ErrorKind::NotFound => return Ok(Values::new()),
        Ok(metadata) if metadata.len() > FILE_MAX => return Err(error::INVALID_DATA),
        _ => {}
    }
    let bytes = fs::read(&file).map_err(code)?;
    serde_json::from_slice(&bytes).map_err(|failure| {
        eprintln!("{} cannot be read: {failure}", file.display());
        error::INVALID_DATA
    })
}

/// Written beside and put in place, so that a crash leaves the old values or the new ones.
fn save(key: &Path, values: &Values) -> Result<(), u32> {
    let mut bytes = serde_json::to_vec_pretty(values).map_err(|_| error::INVALID_DATA)?;
    bytes.push(b'\n');
    let beside = key.join(".values.json.new");
    let mut file = fs::File::create(&beside).map_err(code)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(code)?;
    fs::rename(&beside, key.join(VALUES)).map_err(code)
}

fn code(failure: std::io::Error) -> u32 {
    match ModuleError::from(failure).code {
        HResult::ERROR_FILE_NOT_FOUND => error::NOT_FOUND,
        HResult::E_ACCESSDENIED => error::ACCESS_DENIED,
        _ => error::GENERAL_FAILURE,
    }
}

/// A key's name as a folder's: what a file system gives a meaning to is written `%xx`.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for (place, c) in name.chars().enumerate() {
        if matches!(c, '/' | '%') || c.is_control() || (place == 0 && c == '.') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                escaped.push_str(&format!("%{byte:02x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn unescape(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn keys_and_values_are_found_in_whatever_case() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (key, new) = store.create(Root::LocalMachine, r"SYSTEM\Größe\..\a/b%").unwrap();
        assert!(new);
        assert!(!store.create(Root::LocalMachine, r"\system\GRößE\..\A/B%").unwrap().1);
        store.set_value(&key, "Directory", RegistryValue::text("C:\\x")).unwrap();
        store.set_value(&key, "DIRECTORY", RegistryValue::text("D:\\x")).unwrap();
        assert_eq!(store.values(&key).unwrap(), [("Directory".to_owned(), RegistryValue::text("D:\\x"))]);
        assert_eq!(store.value(&key, "nothing"), Err(error::NOT_FOUND));
        assert_eq!(store.keys(&store.find(Root::LocalMachine, r"SYSTEM\Größe\..").unwrap()).unwrap(), ["a/b%"]);
        let system = store.find(Root::LocalMachine, "SYSTEM").unwrap();
        assert_eq!(store.delete_key(&system, false), Err(error::ACCESS_DENIED));
        store.delete_key(&system, true).unwrap();
        assert_eq!(store.value(&key, "Directory"), Err(error::KEY_DELETED));
    }

    #[test]
    fn classes_are_below_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.create(Root::Classes, r"Acme.Exit\CLSID").unwrap();
        assert!(store.find(Root::LocalMachine, r"Software\Classes\acme.exit\clsid").is_ok());
    }
}

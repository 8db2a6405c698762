//! Keys for tests, made once.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use keys::KeyMaterial;
use pki::KeyAlgorithm;

/// Whose key it is; keys of one algorithm differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A root CA's.
    Root,
    /// A subordinate CA's.
    Subordinate,
    /// A subject's.
    Subject,
    /// Anybody else's.
    Other,
}

type Keys = BTreeMap<(KeyAlgorithm, Role), Arc<KeyMaterial>>;

/// The key of an algorithm and a role: always the same one in a process, and for RSA in every process.
///
/// # Panics
/// When a key cannot be made.
pub fn key(algorithm: KeyAlgorithm, role: Role) -> Arc<KeyMaterial> {
    static KEYS: LazyLock<Mutex<Keys>> = LazyLock::new(Mutex::default);
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = keys.entry((algorithm, role)).or_insert_with(|| {
        let key = match kept(algorithm, role) {
            Some(der) => KeyMaterial::from_pkcs8(der),
            None => keys::generate(algorithm),
        };
        Arc::new(key.expect("test keys are sound"))
    });
    Arc::clone(key)
}

/// RSA keys take seconds to make, so those are files.
fn kept(algorithm: KeyAlgorithm, role: Role) -> Option<&'static [u8]> {
    macro_rules! files {
        ($size:literal) => {
            match role {
                Role::Root => include_bytes!(concat!("../../../../testdata/keys/rsa-", $size, "-root.der")),
                Role::Subordinate => {
                    include_bytes!(concat!("../../../../testdata/keys/rsa-", $size, "-subordinate.der"))
                }
                Role::Subject => include_bytes!(concat!("../../../../testdata/keys/rsa-", $size, "-subject.der")),
                Role::Other => include_bytes!(concat!("../../../../testdata/keys/rsa-", $size, "-other.der")),
            }
        };
    }
    let file: &[u8] = match algorithm {
        KeyAlgorithm::Rsa2048 => files!("2048"),
        KeyAlgorithm::Rsa3072 => files!("3072"),
        KeyAlgorithm::Rsa4096 => files!("4096"),
        _ => return None,
    };
    Some(file)
}

//! How a CA certificate stands to the CRLs of its key.

use jiff::Timestamp;

use crate::Ca;
use crate::ca::Installed;

/// `CRLState.#`, by CA certificate: `CA_DISP_ERROR` (1) where the key's CRLs are published under a newer certificate of
/// the same key, `CA_DISP_INVALID` (4) where every certificate of the key has expired, else `CA_DISP_VALID` (3).
///
/// `CA_DISP_REVOKED` (2) is never said: a CA does not learn from its own database that its certificate was revoked.
/// `CRLIndex.#` is the certificate's key index, and `CRLSuffix.#` the [suffix](crate::location::suffix) of that.
pub(crate) fn state(ca: &Ca, installed: &Installed, now: Timestamp) -> i32 {
    let same_key = || ca.certificates().iter().filter(|other| other.row.key_index == installed.row.key_index);
    if same_key().any(|other| other.row.index > installed.row.index) {
        1
    } else if same_key().all(|other| other.certificate.not_after() < now) {
        4
    } else {
        3
    }
}

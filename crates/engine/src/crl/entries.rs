//! The entries of a CRL, gathered from the database.

use std::io::{self, Read, Seek, SeekFrom, Write};

use jiff::Timestamp;
use module::RevocationReason;
use pki::CrlEntry;

use crate::store::{CrlKind, RevokedFilter, RevokedRow};
use crate::world::{Files, Scratch};
use crate::{Error, Store};

/// Bytes held in memory; more than this goes through a scratch file.
const MEMORY_BYTES_MAX: usize = 256 * 1024;

/// The encoded entries of one CRL. However many there are, no more than a buffer of them is in memory.
pub(super) struct Entries {
    file: Option<Box<dyn Scratch>>,
    spooled: u64,
    /// What follows the bytes in the file.
    tail: Vec<u8>,
    count: u64,
}

impl Entries {
    /// No entries.
    pub(super) fn none() -> Self {
        Self { file: None, spooled: 0, tail: Vec::new(), count: 0 }
    }

    /// One sweep over the revocations that the filter selects.
    pub(super) fn gather(
        store: &dyn Store,
        files: &dyn Files,
        filter: &RevokedFilter,
        kind: CrlKind,
    ) -> Result<Self, Error> {
        let mut entries = Self::none();
        store.revoked(filter, &mut |row| {
            let Some(entry) = entry(&row, kind) else { return Ok(()) };
            pki::encode_entry(&entry, &mut entries.tail)?;
            entries.count += 1;
            if entries.tail.len() < MEMORY_BYTES_MAX { Ok(()) } else { entries.spool(files).map_err(scratch) }
        })?;
        Ok(entries)
    }

    /// How many.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.spooled + self.tail.len() as u64
    }

    /// Hands all bytes to `each`, in order, a piece at a time.
    pub(super) fn read(&mut self, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(0)).map_err(scratch)?;
            let mut piece = vec![0; MEMORY_BYTES_MAX];
            let mut left = self.spooled;
            while left > 0 {
                let want = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                let piece = piece.get_mut(..want).unwrap_or_default();
                file.read_exact(piece).map_err(scratch)?;
                each(piece)?;
                left -= piece.len() as u64;
            }
        }
        each(&self.tail)
    }

    fn spool(&mut self, files: &dyn Files) -> Result<(), io::Error> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(files.scratch()?),
        };
        file.write_all(&self.tail)?;
        self.spooled += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }
}

/// The entry for a revocation, or that there is none.
fn entry(row: &RevokedRow, kind: CrlKind) -> Option<CrlEntry> {
    let reason = match (row.reason, kind) {
        // Released from hold: no longer in a base; a delta says so.
        (RevocationReason::RELEASED, CrlKind::Base) => return None,
        (RevocationReason::RELEASED, CrlKind::Delta) => Some(8),
        // `unspecified` is said by leaving the reason out (RFC 5280 5.3.1). So is what has no reason code of its own
        // here; above all removeFromCRL, which the contract accepts as the reason of a revocation: the certificate is
        // revoked, and a CRL that said "remove" would tell people to trust it.
        (reason @ (1..=6 | 9 | 10), _) => u8::try_from(reason).ok(),
        _ => None,
    };
    // A revocation may be dated back as far as one likes; X.509's calendar begins later.
    let revoked_at = row.effective.max(Timestamp::UNIX_EPOCH);
    Some(CrlEntry { serial: row.serial, revoked_at, reason, invalidity: None })
}

fn scratch(error: io::Error) -> Error {
    Error::Unavailable(format!("a scratch file for a CRL: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use pki::Serial;

    use super::*;

    #[test]
    fn reasons_follow_the_contract() {
        let row = |reason| RevokedRow { serial: Serial::from_bytes(&[1]).unwrap(), effective: Timestamp::MIN, reason };
        for (reason, base, delta) in [
            (0, Some(None), Some(None)),
            (1, Some(Some(1)), Some(Some(1))),
            (6, Some(Some(6)), Some(Some(6))),
            (8, Some(None), Some(None)),
            (10, Some(Some(10)), Some(Some(10))),
            (77, Some(None), Some(None)),
            (RevocationReason::RELEASED, None, Some(Some(8))),
        ] {
            assert_eq!(entry(&row(reason), CrlKind::Base).map(|entry| entry.reason), base, "{reason}");
            assert_eq!(entry(&row(reason), CrlKind::Delta).map(|entry| entry.reason), delta, "{reason}");
        }
        assert_eq!(entry(&row(0), CrlKind::Base).unwrap().revoked_at, Timestamp::UNIX_EPOCH);
    }
}

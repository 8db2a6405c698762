//! Distinguished names: DER to text, text to DER and back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::{Name, NameComponent, NameLengths};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(name) = Name::from_der(bytes) {
        assert!(name.matches(&name));
        let _ = name.to_string();
        let _ = Name::from_components(&NameComponent::ALL, &name.components(), NameLengths::Enforced);
    }
    if let Ok(name) = std::str::from_utf8(bytes).map(Name::parse)
        && let Ok(name) = name
    {
        let again = Name::parse(&name.to_string()).expect("a name's text is a name");
        assert_eq!(again.to_string(), name.to_string());
        assert_eq!(Name::from_der(name.der()).as_ref(), Ok(&name));
    }
});

//! File names out of names that others chose.

use std::fmt::Write;

use module::ModuleError;

/// What file systems take as one name.
const BYTES_MAX: usize = 200;

/// One path component: what no file name should hold is written `!xxxx`, as the contract's sanitized names do.
///
/// Empty names, `.`, `..` and names that are too long are `E_INVALIDARG`.
pub(super) fn component(name: &str) -> Result<String, ModuleError> {
    let mut component = String::with_capacity(name.len());
    for c in name.chars() {
        let unsafe_anywhere = matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        if unsafe_anywhere || c.is_control() {
            let _ = write!(component, "!{:04x}", u32::from(c));
        } else {
            component.push(c);
        }
    }
    if matches!(component.as_str(), "" | "." | "..") || component.len() > BYTES_MAX {
        return Err(ModuleError::invalid(format!("`{component}` cannot be a file name")));
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn no_name_leaves_its_directory() {
        for (name, component_of) in [
            ("Example CA(1)+.crl", "Example CA(1)+.crl"),
            ("../../etc/passwd", "..!002f..!002fetc!002fpasswd"),
            ("a\\b:c\0d", "a!005cb!003ac!0000d"),
            ("Zoë", "Zoë"),
        ] {
            assert_eq!(component(name).unwrap(), component_of);
        }
        for name in ["", ".", ".."] {
            assert!(component(name).is_err(), "{name}");
        }
        assert!(component(&"x".repeat(201)).is_err());
    }
}

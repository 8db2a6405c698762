//! Names of the authority that are safe in files, keys and directories ([MS-WCCE] 3.1.1.4.1.1).

/// Most characters of a short name before its hash.
const SHORT_MAX: usize = 51;

/// The sanitized name: each 16-bit unit that is not safe becomes `!xxxx`.
pub fn long(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for unit in name.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if (0x20..0x7f).contains(&byte) && !b"!\"#%&'()*+,/:;<=>?[\\]^`{|}".contains(&byte) => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("!{unit:04x}")),
        }
    }
    out
}

/// The short form of a sanitized name: cut to 51 characters, with a hash of what was cut.
pub fn short(sanitized: &str) -> String {
    if sanitized.len() <= SHORT_MAX {
        return sanitized.to_owned();
    }
    let mut cut = SHORT_MAX;
    // An escape is five characters; one that the cut would split goes with the tail.
    if let Some(bang) = sanitized.get(..SHORT_MAX).and_then(|head| head.rfind('!'))
        && bang + 5 > SHORT_MAX
    {
        cut = bang;
    }
    let (head, tail) = sanitized.split_at(cut);
    let hash = tail.bytes().fold(0_u16, |hash, byte| hash.rotate_left(1).wrapping_add(u16::from(byte)));
    format!("{head}-{hash:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped_by_unit() {
        assert_eq!(long("Example CA"), "Example CA");
        assert_eq!(long("A&B/C"), "A!0026B!002fC");
        assert_eq!(long("Zürich"), "Z!00fcrich");
        assert_eq!(long("\u{1F511}"), "!d83d!dd11");
    }

    #[test]
    fn long_names_are_cut_and_hashed() {
        let name = "x".repeat(51);
        assert_eq!(short(&name), name);
        let longer = format!("{}abc", "x".repeat(51));
        let hash = ((u16::from(b'a').rotate_left(1) + u16::from(b'b')).rotate_left(1)) + u16::from(b'c');
        assert_eq!(short(&longer), format!("{name}-{hash:05}"));
        let split = format!("{}!0026tail", "x".repeat(48));
        assert!(short(&split).starts_with(&format!("{}-", "x".repeat(48))));
        assert!(short(&split).len() <= 57);
    }
}

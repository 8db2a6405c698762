//! Bytes as hexadecimal digits: in pairs, 16 to a line, with the address in front and the characters behind where they are wanted.
//!
//! ```text
//! 0000  3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63   : certlib\ldap.c
//! 0010  70 70                                              pp
//! ```

/// The bytes of a line.
const LINE: usize = 16;

/// The characters of a whole line of pairs.
const WIDTH: usize = 3 * LINE;

/// What stands beside the digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The place of the line's first byte, in four digits at least.
    pub address: bool,
    /// The line's bytes that are characters of ASCII; a dot for each of the others.
    pub characters: bool,
}

/// The lines, each with `end` behind it.
pub fn write(bytes: &[u8], beside: Beside, end: &str) -> String {
    let line = |(number, line): (usize, &[u8])| {
        let address = if beside.address { format!("{:04x}  ", number * LINE) } else { String::new() };
        if !beside.characters {
            return address + &pairs(line) + end;
        }
        let shown: String =
            line.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect();
        format!("{address}{:WIDTH$}   {shown}{end}", pairs(line))
    };
    bytes.chunks(LINE).enumerate().map(line).collect()
}

/// Digits and nothing else.
pub fn write_raw(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The pairs of a line, with a gap in the middle.
fn pairs(line: &[u8]) -> String {
    let half = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    line.chunks(LINE / 2).map(half).collect::<Vec<_>>().join("  ")
}

/// The bytes of a text that [`write()`] may have written; nothing where it cannot have been.
pub fn read(text: &str, beside: Beside) -> Option<Vec<u8>> {
    if beside == Beside::default() {
        return read_digits(text);
    }
    let mut bytes = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let line = if beside.address {
            let (address, rest) = line.split_once("  ")?;
            if address.len() < 4 || usize::from_str_radix(address, 16).ok()? != bytes.len() {
                return None;
            }
            rest
        } else {
            line
        };
        // Characters stand behind a gap that is wider than any between pairs.
        let (digits, shown) = match (beside.characters, line.split_once("   ")) {
            (true, Some(parts)) => parts,
            (false, None) => (line, ""),
            _ => return None,
        };
        let digits_read = read_digits(digits)?;
        // More is several lines in one, of which what stands beside the digits cannot be told from them.
        if digits_read.len() > LINE || shown.chars().count() > WIDTH.saturating_sub(digits.len()) + LINE {
            return None;
        }
        bytes.extend(digits_read);
    }
    Some(bytes)
}

/// The bytes of a text that is in any of the forms.
pub fn read_any(text: &str) -> Option<Vec<u8>> {
    let beside = |address, characters| Beside { address, characters };
    let forms = [beside(true, false), beside(true, true), beside(false, true), beside(false, false)];
    forms.into_iter().find_map(|form| read(text, form))
}

/// Pairs of digits, whatever separates them.
fn read_digits(text: &str) -> Option<Vec<u8>> {
    let separates = |c: &char| c.is_ascii_whitespace() || matches!(c, ',' | '-');
    let digits = text.chars().filter(|c| !separates(c)).map(|c| c.to_digit(16).map(|digit| digit as u8));
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const FORMS: [Beside; 4] = [
        Beside { address: false, characters: false },
        Beside { address: true, characters: false },
        Beside { address: false, characters: true },
        Beside { address: true, characters: true },
    ];

    #[test]
    fn lines_are_those_of_the_documentation() {
        let bytes = b": certlib\\ldap.cpp\x01";
        for (form, first, second) in [
            (FORMS[0], "3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63", "70 70 01"),
            (FORMS[1], "0000  3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63", "0010  70 70 01"),
            (
                FORMS[2],
                r"3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63   : certlib\ldap.c",
                "70 70 01                                           pp.",
            ),
            (
                FORMS[3],
                r"0000  3a 20 63 65 72 74 6c 69  62 5c 6c 64 61 70 2e 63   : certlib\ldap.c",
                "0010  70 70 01                                           pp.",
            ),
        ] {
            assert_eq!(write(bytes, form, "\r\n"), format!("{first}\r\n{second}\r\n"));
        }
    }

    #[test]
    fn bytes_of_every_length_survive() {
        for length in (0..40).chain([0x1_0010]) {
            // Some are digits, and some blanks.
            let bytes: Vec<u8> = (0..length).map(|byte: u32| [b' ', b'0', b'a', 0xff][byte as usize % 4]).collect();
            for form in FORMS {
                for end in ["\r\n", "\n"] {
                    assert_eq!(read(&write(&bytes, form, end), form).as_deref(), Some(&bytes[..]), "{length} {form:?}");
                    assert_eq!(read_any(&write(&bytes, form, end)).as_deref(), Some(&bytes[..]), "{length} {form:?}");
                }
            }
            assert_eq!(read_any(&write_raw(&bytes)).as_deref(), Some(&bytes[..]), "{length}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["3", "3g", "30 0", "ä"] {
            assert!(FORMS.into_iter().all(|form| read(text, form).is_none()), "{text}");
            assert_eq!(read_any(text), None);
        }
        // An address that is not the line's.
        assert_eq!(read("0010  30", FORMS[1]), None);
        assert_eq!(read("30", FORMS[1]), None);
        assert_eq!(read("30", FORMS[2]), None);
        // Several lines in one.
        for form in &FORMS[1..] {
            assert_eq!(read(&write(&[b'a'; LINE + 1], *form, " "), *form), None, "{form:?}");
            assert_eq!(read(&write(&[b' '; LINE + 1], *form, " "), *form), None, "{form:?}");
        }
    }
}

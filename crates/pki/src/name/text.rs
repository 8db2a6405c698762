//! The text form of names, RFC 4514.

use std::fmt;
use std::iter::Peekable;
use std::str::{Chars, FromStr};

use const_oid::ObjectIdentifier;

use super::component::string_type;
use super::{Name, NameAttribute, NameComponent, WHAT, attribute};
use crate::general_name::text::{hex, unhex};
use crate::{Error, limits, oid, read};

/// Attribute types with a registered short name (RFC 4514 3, RFC 4519 and the LDAP descriptor registry), as written.
const SHORT_NAMES: [(&str, ObjectIdentifier); 23] = [
    ("CN", oid::COMMON_NAME),
    ("L", oid::LOCALITY),
    ("ST", oid::STATE),
    ("O", oid::ORGANIZATION),
    ("OU", oid::ORGANIZATIONAL_UNIT),
    ("C", oid::COUNTRY),
    ("STREET", oid::STREET),
    ("DC", oid::DOMAIN_COMPONENT),
    ("UID", oid::USER_ID),
    ("SN", oid::SURNAME),
    ("serialNumber", oid::SERIAL_NUMBER),
    ("title", oid::TITLE),
    ("name", oid::NAME),
    ("givenName", oid::GIVEN_NAME),
    ("initials", oid::INITIALS),
    ("generationQualifier", oid::GENERATION_QUALIFIER),
    ("dnQualifier", oid::DN_QUALIFIER),
    ("pseudonym", oid::PSEUDONYM),
    ("organizationIdentifier", oid::ORGANIZATION_IDENTIFIER),
    ("emailAddress", oid::EMAIL_ADDRESS),
    ("unstructuredName", oid::UNSTRUCTURED_NAME),
    ("unstructuredAddress", oid::UNSTRUCTURED_ADDRESS),
    ("userId", oid::USER_ID),
];

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, rdn) in self.rdns().iter().rev().enumerate() {
            if n > 0 {
                f.write_str(",")?;
            }
            for (n, attribute) in rdn.iter().enumerate() {
                if n > 0 {
                    f.write_str("+")?;
                }
                write_attribute(f, attribute)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text)
    }
}

/// RFC 4514 2.3 and 2.4: a type without a short name is dotted, and its value then in hex.
fn write_attribute(f: &mut fmt::Formatter<'_>, attribute: &NameAttribute<'_>) -> fmt::Result {
    let short = SHORT_NAMES.iter().find(|(_, oid)| *oid == attribute.oid);
    match short {
        Some((short, _)) => write!(f, "{short}=")?,
        None => write!(f, "{}=", attribute.oid)?,
    }
    match attribute.text() {
        // An empty value is legal but looks like a slip, and is not read as text.
        Some(text) if short.is_some() && !text.is_empty() => write_escaped(f, &text),
        _ => {
            f.write_str("#")?;
            hex(f, attribute.der)
        }
    }
}

/// RFC 4514 2.4. Control characters are escaped too, so that a name stays on one line of a log.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (n, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            ' ' if n == 0 || n == last => f.write_str("\\ ")?,
            '#' if n == 0 => f.write_str("\\#")?,
            c if c.is_control() => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

/// See [`Name::parse`].
pub(super) fn parse(text: &str) -> Result<Name, Error> {
    // Each character of the text is at least one byte of DER, but for escapes of three characters.
    if text.len() > 3 * limits::NAME_BYTES_MAX {
        return Err(Error::Limit { what: "characters of a distinguished name", max: 3 * limits::NAME_BYTES_MAX });
    }
    let mut chars = text.chars().peekable();
    skip_space(&mut chars);
    if chars.peek().is_none() {
        return Ok(Name::empty());
    }
    let mut rdns = vec![Vec::new()];
    loop {
        let attribute = parse_attribute(&mut chars)?;
        if let Some(rdn) = rdns.last_mut() {
            rdn.push(attribute);
        }
        match chars.next() {
            None => break,
            Some('+') => {}
            Some(',' | ';') => rdns.push(Vec::new()),
            Some(c) => return Err(bad(format!("unexpected {c:?}"))),
        }
    }
    rdns.reverse();
    Name::from_rdns(rdns)
}

/// Reads `type = value` up to the separator that ends it.
fn parse_attribute(chars: &mut Peekable<Chars<'_>>) -> Result<Vec<u8>, Error> {
    let oid = parse_type(chars)?;
    skip_space(chars);
    if chars.peek() == Some(&'#') {
        return parse_hex_value(chars, &oid);
    }
    let text = if chars.peek() == Some(&'"') { parse_quoted(chars)? } else { parse_plain(chars)? };
    if text.is_empty() {
        return Err(bad(format!("empty value for {oid}")));
    }
    let tag = string_type(&oid, &text).map_err(bad)?;
    Ok(attribute(&oid, tag, text.as_bytes()))
}

fn parse_type(chars: &mut Peekable<Chars<'_>>) -> Result<ObjectIdentifier, Error> {
    let mut name = String::new();
    loop {
        match chars.next() {
            Some('=') => break,
            Some(c) if c.is_ascii_alphanumeric() || " .-\t".contains(c) => name.push(c),
            Some(c) => return Err(bad(format!("{c:?} in an attribute type"))),
            None => return Err(bad(format!("{:?} without a value", name.trim()))),
        }
    }
    let name = name.trim();
    let dotted = match name.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("oid.") => name.get(4..).unwrap_or_default(),
        _ => name,
    };
    SHORT_NAMES
        .iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(name))
        .map(|(_, oid)| *oid)
        .or_else(|| NameComponent::from_alias(name).map(NameComponent::oid))
        .or_else(|| ObjectIdentifier::new(dotted).ok())
        .ok_or_else(|| bad(format!("unknown attribute type {name:?}")))
}

/// `#` and the hex of the value's DER (RFC 4514 2.4).
fn parse_hex_value(chars: &mut Peekable<Chars<'_>>, oid: &ObjectIdentifier) -> Result<Vec<u8>, Error> {
    chars.next();
    let mut digits = String::new();
    while let Some(c) = chars.next_if(|c| !ends_value(*c)) {
        digits.push(c);
    }
    let der = unhex(digits.trim()).ok_or_else(|| bad("value after # is not hex"))?;
    let (tag, contents) = read::whole(WHAT, &der, read::element)?;
    Ok(attribute(oid, tag, contents))
}

/// A value in quotes, where only `"` and `\` need an escape (RFC 2253 4).
fn parse_quoted(chars: &mut Peekable<Chars<'_>>) -> Result<String, Error> {
    chars.next();
    let mut value = Vec::new();
    loop {
        match chars.next() {
            None => return Err(bad("quote without end")),
            Some('"') => break,
            Some('\\') => unescape(chars, &mut value)?,
            Some(c) => push(&mut value, c),
        }
    }
    skip_space(chars);
    utf8(value)
}

fn parse_plain(chars: &mut Peekable<Chars<'_>>) -> Result<String, Error> {
    let mut value = Vec::new();
    // Trailing white space is dropped unless it was escaped.
    let mut kept = 0;
    while let Some(c) = chars.next_if(|c| !ends_value(*c)) {
        match c {
            '\\' => {
                unescape(chars, &mut value)?;
                kept = value.len();
            }
            '"' | '<' | '>' | '\0' => return Err(bad(format!("{c:?} must be escaped"))),
            c => {
                push(&mut value, c);
                if !c.is_whitespace() {
                    kept = value.len();
                }
            }
        }
    }
    value.truncate(kept);
    utf8(value)
}

/// What follows a backslash: a special character, or two hex digits of a byte.
fn unescape(chars: &mut Peekable<Chars<'_>>, value: &mut Vec<u8>) -> Result<(), Error> {
    let first = chars.next().ok_or_else(|| bad("backslash at the end"))?;
    if " \"#+,;<=>\\".contains(first) {
        push(value, first);
        return Ok(());
    }
    let digits = first.to_digit(16).zip(chars.next().and_then(|c| c.to_digit(16)));
    let (high, low) = digits.ok_or_else(|| bad("backslash before an ordinary character"))?;
    value.push((high << 4 | low) as u8);
    Ok(())
}

fn ends_value(c: char) -> bool {
    matches!(c, ',' | ';' | '+')
}

fn push(value: &mut Vec<u8>, c: char) {
    let mut buffer = [0; 4];
    value.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
}

fn utf8(value: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(value).map_err(|_| bad("escaped bytes are not UTF-8"))
}

fn skip_space(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
}

fn bad(detail: impl ToString) -> Error {
    Error::malformed(WHAT, detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use der::Tag;

    /// Text, and how it is written again.
    const CORPUS: &[(&str, &str)] = &[
        // RFC 4514 4.
        ("UID=jsmith,DC=example,DC=net", "UID=jsmith,DC=example,DC=net"),
        ("OU=Sales+CN=J.  Smith,DC=example,DC=net", "OU=Sales+CN=J.  Smith,DC=example,DC=net"),
        (r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#, r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#),
        (r"CN=Before\0dAfter,DC=example,DC=net", r"CN=Before\0DAfter,DC=example,DC=net"),
        ("1.3.6.1.4.1.1466.0=#04024869", "1.3.6.1.4.1.1466.0=#04024869"),
        (r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"),
        // RFC 2253 5 and 4.
        ("CN=Steve Kille,O=Isode Limited,C=GB", "CN=Steve Kille,O=Isode Limited,C=GB"),
        ("CN=L. Eagle,O=\"Sue, Grabbit and Runn\",C=GB", r"CN=L. Eagle,O=Sue\, Grabbit and Runn,C=GB"),
        ("OID.2.5.4.3 = a ; o = b", "CN=a,O=b"),
        (r#"CN="a \" b \\ c""#, r#"CN=a \" b \\ c"#),
        // White space and escapes.
        ("  CN = a b  ,  O = c  ", "CN=a b,O=c"),
        (r"CN=\ a\ ", r"CN=\ a\ "),
        (r"CN=a\20", r"CN=a\ "),
        (r"CN=\#a#", r"CN=\#a#"),
        (r"CN=a\=b=c", "CN=a=b=c"),
        (r"CN=\2C", r"CN=\,"),
        (r"CN=\00a", r"CN=\00a"),
        ("CN=a<", ""),
        // Short names of the contract, and registered ones.
        ("E=a@b,SN=c,G=d,I=e,T=f", "emailAddress=a@b,SN=c,givenName=d,initials=e,title=f"),
        ("S=x,ST=y,STREET=z,Org=o", "ST=x,ST=y,STREET=z,O=o"),
        ("2.5.4.3=a", "CN=a"),
        ("2.5.4.97=NTRDE-1", "organizationIdentifier=NTRDE-1"),
        ("1.2.3.4=a", "1.2.3.4=#0c0161"),
        ("CN=#130161", "CN=a"),
        ("CN=#020101", "CN=#020101"),
        ("CN=#1300", "CN=#1300"),
        ("CN=日本語", "CN=日本語"),
        ("", ""),
        ("   ", ""),
    ];

    #[test]
    fn corpus() {
        for (text, want) in CORPUS {
            if want.is_empty() && !text.trim().is_empty() {
                assert!(parse(text).is_err(), "{text}");
                continue;
            }
            let name = parse(text).unwrap();
            assert_eq!(name.to_string(), *want, "{text}");
            let again = parse(want).unwrap();
            assert_eq!(again.to_string(), *want);
            assert!(again.matches(&name), "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "CN",
            "CN=",
            "=a",
            "CN=a,",
            "CN=a,,O=b",
            ",CN=a",
            "CN=a+",
            "foo=a",
            "CN=a\\",
            "CN=a\\x",
            "CN=\\C4",
            "CN=\"a",
            "CN=\"a\"b",
            "CN=#",
            "CN=#0",
            "CN=#0c",
            "CN=#0c0161 x",
            "CN=a>b",
            "C=Ä",
            "DC=ä",
            "1.2=",
            "CN=a+CN=a",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(matches!(parse(&"x".repeat(20_000)), Err(Error::Limit { .. })));
    }

    #[test]
    fn string_type_is_kept_in_der_only() {
        let rdn = vec![attribute(&oid::COMMON_NAME, Tag::PrintableString, b"a")];
        let name = Name::from_rdns([rdn]).unwrap();
        assert_eq!(name.to_string(), "CN=a");
        assert_ne!(parse("CN=a").unwrap(), name);
        assert!(parse("CN=a").unwrap().matches(&name));
    }
}

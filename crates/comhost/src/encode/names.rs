//! GeneralNames (RFC 5280 4.2.1.6), as the encoding objects pass them: a choice, and a text or bytes.
//!
//! | `CERT_ALT_NAME_…` | Value |
//! |---|---|
//! | `OTHER_NAME` | bytes: the DER that is the name's value; its type, a text, at the index with `EAN_NAMEOBJECTID` |
//! | `RFC822_NAME`, `DNS_NAME`, `URL` | text of ASCII characters |
//! | `DIRECTORY_NAME` | bytes: a Name in DER |
//! | `IP_ADDRESS` | bytes: 4, or 16 |
//! | `REGISTERED_ID` | text: `1.2.3` |
//!
//! The X.400 address and the EDI party name are in no certificate of our time, and not among the choices of the contract.

use der::asn1::ObjectIdentifier;
use module::ModuleError;

use super::asn1::{self, Element, tag};
use super::string_array::INVALID_IA5;
use super::{at, at_mut, count, size};
use crate::values::{Bstr, text_in};

const WHAT: &str = "GeneralNames";

/// Set in an index: the type of an other name, not its value.
const EAN_NAMEOBJECTID: i32 = i32::MIN;

const OTHER_NAME: i32 = 1;
const RFC822_NAME: i32 = 2;
const DNS_NAME: i32 = 3;
const DIRECTORY_NAME: i32 = 5;
const URL: i32 = 7;
const IP_ADDRESS: i32 = 8;
const REGISTERED_ID: i32 = 9;

/// Whether the value at this index, of this choice, is bytes, and not a text.
pub const fn is_bytes(index: i32, choice: i32) -> bool {
    match choice {
        OTHER_NAME => index & EAN_NAMEOBJECTID == 0,
        DIRECTORY_NAME | IP_ADDRESS => true,
        _ => false,
    }
}

/// One name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Name {
    /// Not set yet.
    #[default]
    None,
    /// An other name, of which a part may be missing yet.
    Other { oid: Option<ObjectIdentifier>, value: Option<Vec<u8>> },
    /// An e-mail address, a DNS name, a URL.
    Text { choice: i32, text: String },
    /// A Name in DER.
    Directory(Vec<u8>),
    /// The octets of an address.
    Address(Vec<u8>),
    /// A registered identifier.
    Registered(ObjectIdentifier),
}

/// Names in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Name>);

impl Names {
    /// So many names, none of them set.
    pub fn sized(count: i32) -> Result<Self, ModuleError> {
        Ok(Self(vec![Name::None; size(count)?]))
    }

    /// Reads the contents of a SEQUENCE OF GeneralName.
    pub fn read(contents: &[u8]) -> Result<Self, ModuleError> {
        let elements = asn1::elements(WHAT, contents)?;
        if elements.is_empty() {
            return Err(asn1::malformed(WHAT, "there is no name in them"));
        }
        elements.into_iter().map(Name::read).collect::<Result<_, _>>().map(Self)
    }

    /// The contents of a SEQUENCE OF GeneralName.
    pub fn write(&self) -> Result<Vec<u8>, ModuleError> {
        if self.0.is_empty() {
            return Err(ModuleError::invalid("there is no name to be encoded: an extension has one at least"));
        }
        let mut out = Vec::new();
        for (index, name) in self.0.iter().enumerate() {
            name.write(&mut out)
                .map_err(|error| ModuleError::new(error.code, format!("name {index}: {}", error.message)))?;
        }
        Ok(out)
    }

    /// How many there are.
    pub fn count(&self) -> i32 {
        count(&self.0)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The choice of a name; 0 where it is not set.
    pub fn choice(&self, index: i32) -> Result<i32, ModuleError> {
        Ok(match at(&self.0, index)? {
            Name::None => 0,
            Name::Other { .. } => OTHER_NAME,
            Name::Text { choice, .. } => *choice,
            Name::Directory(_) => DIRECTORY_NAME,
            Name::Address(_) => IP_ADDRESS,
            Name::Registered(_) => REGISTERED_ID,
        })
    }

    /// As [`Names::choice`], at an index that may have `EAN_NAMEOBJECTID`.
    pub fn choice_of(&self, index: i32) -> Result<i32, ModuleError> {
        self.choice(index & !EAN_NAMEOBJECTID)
    }

    /// The value of a name; empty where it is not set. The index may have `EAN_NAMEOBJECTID`.
    pub fn value(&self, index: i32) -> Result<Bstr, ModuleError> {
        let name = at(&self.0, index & !EAN_NAMEOBJECTID)?;
        if index & EAN_NAMEOBJECTID != 0 {
            return match name {
                Name::Other { oid, .. } => Ok(Bstr::text(&oid.map(|oid| oid.to_string()).unwrap_or_default())),
                _ => Err(only_other()),
            };
        }
        Ok(match name {
            Name::None => Bstr::text(""),
            Name::Other { value, .. } => Bstr::bytes(value.as_deref().unwrap_or_default()),
            Name::Text { text, .. } => Bstr::text(text),
            Name::Directory(bytes) | Name::Address(bytes) => Bstr::bytes(bytes),
            Name::Registered(oid) => Bstr::text(&oid.to_string()),
        })
    }

    /// Sets a name, or one of the two parts of an other name.
    pub fn set(&mut self, index: i32, choice: i32, value: &[u8]) -> Result<(), ModuleError> {
        if index & EAN_NAMEOBJECTID != 0 && choice != OTHER_NAME {
            return Err(only_other());
        }
        let name = at_mut(&mut self.0, index & !EAN_NAMEOBJECTID)?;
        *name = match choice {
            OTHER_NAME => {
                let (known_oid, known_value) = match name {
                    Name::Other { oid, value } => (*oid, value.as_deref()),
                    _ => (None, None),
                };
                if index & EAN_NAMEOBJECTID != 0 {
                    Name::Other { oid: Some(identifier(value)?), value: known_value.map(<[u8]>::to_vec) }
                } else {
                    one_element("the value of an other name", value)?;
                    Name::Other { oid: known_oid, value: Some(value.to_vec()) }
                }
            }
            RFC822_NAME | DNS_NAME | URL => Name::Text { choice, text: ascii(value)? },
            DIRECTORY_NAME => {
                asn1::sequence("the Name of a directory", value)?;
                Name::Directory(value.to_vec())
            }
            IP_ADDRESS => Name::Address(address(value)?),
            REGISTERED_ID => Name::Registered(identifier(value)?),
            other => {
                let text = format!("{other} is none of the choices of a name: CERT_ALT_NAME_DNS_NAME and others");
                return Err(ModuleError::invalid(text));
            }
        };
        Ok(())
    }
}

impl Name {
    fn read(element: Element<'_>) -> Result<Self, ModuleError> {
        let contents = element.contents;
        let text = |choice: i32| match str::from_utf8(contents) {
            Ok(text) if text.is_ascii() => Ok(Self::Text { choice, text: text.to_owned() }),
            _ => Err(asn1::malformed(WHAT, "a name with characters that are not ASCII")),
        };
        let oid = |bytes: &[u8]| ObjectIdentifier::from_bytes(bytes).map_err(|error| asn1::malformed(WHAT, error));
        const OTHER: u8 = tag::constructed(0);
        const RFC822: u8 = tag::primitive(1);
        const DNS: u8 = tag::primitive(2);
        const DIRECTORY: u8 = tag::constructed(4);
        const URI: u8 = tag::primitive(6);
        const ADDRESS: u8 = tag::primitive(7);
        const REGISTERED: u8 = tag::primitive(8);
        match element.tag {
            OTHER => match asn1::elements(WHAT, contents)?.as_slice() {
                [Element { tag: 6, contents: kind }, Element { tag: OTHER, contents: value }] => {
                    one_element("the value of an other name", value)?;
                    Ok(Self::Other { oid: Some(oid(kind)?), value: Some(value.to_vec()) })
                }
                _ => Err(asn1::malformed(WHAT, "an other name that is none")),
            },
            RFC822 => text(RFC822_NAME),
            DNS => text(DNS_NAME),
            DIRECTORY => {
                asn1::sequence("the Name of a directory", contents)?;
                Ok(Self::Directory(contents.to_vec()))
            }
            URI => text(URL),
            ADDRESS => Ok(Self::Address(contents.to_vec())),
            REGISTERED => oid(contents).map(Self::Registered),
            other => Err(asn1::malformed(WHAT, format!("a name with the tag {other:#04x}, which is not supported"))),
        }
    }

    /// Appends it, or says why it cannot be.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), ModuleError> {
        let wrong = |why| Err(ModuleError::invalid(why));
        match self {
            Self::None => wrong("it is missing: SetNameEntry comes before Encode"),
            Self::Other { oid: None, .. } => wrong("it has no type: set it at the index with EAN_NAMEOBJECTID"),
            Self::Other { value: None, .. } => wrong("it has a type, and no value: set it at the plain index"),
            Self::Other { oid: Some(oid), value: Some(value) } => {
                let mut contents = asn1::element(6, oid.as_bytes())?;
                asn1::write(&mut contents, tag::constructed(0), value)?;
                asn1::write(out, tag::constructed(0), &contents)
            }
            Self::Text { text, .. } if text.is_empty() => wrong("it is empty"),
            Self::Text { choice, text } => asn1::write(out, tag::primitive((choice - 1) as u8), text.as_bytes()),
            Self::Directory(name) => asn1::write(out, tag::constructed(4), name),
            Self::Address(octets) => asn1::write(out, tag::primitive(7), octets),
            Self::Registered(oid) => asn1::write(out, tag::primitive(8), oid.as_bytes()),
        }
    }
}

fn only_other() -> ModuleError {
    ModuleError::invalid(
        "EAN_NAMEOBJECTID is for names of the choice CERT_ALT_NAME_OTHER_NAME, which alone have a type",
    )
}

fn one_element(what: &str, der: &[u8]) -> Result<(), ModuleError> {
    match asn1::elements(what, der)?.as_slice() {
        [_] => Ok(()),
        _ => Err(asn1::malformed(what, "one element is expected")),
    }
}

fn ascii(value: &[u8]) -> Result<String, ModuleError> {
    let text = text_in(value)?;
    match text.chars().find(|c| !c.is_ascii()) {
        None => Ok(text),
        Some(wrong) => {
            Err(ModuleError::new(INVALID_IA5, format!("`{wrong}` is not ASCII: names are written in ASCII")))
        }
    }
}

fn identifier(value: &[u8]) -> Result<ObjectIdentifier, ModuleError> {
    let text = text_in(value)?;
    ObjectIdentifier::new(text.trim())
        .map_err(|_| ModuleError::invalid(format!("`{text}` is not an object identifier such as 1.2.3")))
}

/// The octets of an address. Eight characters of text are sixteen octets too: they are told apart.
fn address(value: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let spelled = text_in(value).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    if spelled || !matches!(value.len(), 4 | 16) {
        return Err(ModuleError::invalid("an IP address is passed as its 4 or 16 octets, not as text"));
    }
    Ok(value.to_vec())
}

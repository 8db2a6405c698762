//! Searching requests by any property, a page at a time.

use jiff::Timestamp;
use module::RequestId;
use pki::NameComponent;

use crate::{Error, Request};

/// A search: every filter holds.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Search {
    /// Conditions, joined by *and*.
    pub filters: Vec<Filter>,
    /// The order of the rows.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<PageToken>,
    /// Rows on a page, 1 to 1,000.
    pub limit: u32,
    /// Whether rows come with their large parts.
    pub bodies: bool,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What is compared.
    pub column: Column,
    /// How.
    pub comparison: Comparison,
    /// With what; its type is the column's.
    pub operand: Operand,
}

/// How a column is compared. A row without a value never matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `^=`: text that starts with the operand, without regard to ASCII case.
    Prefix,
    /// `~=`: text that contains the operand, without regard to ASCII case.
    Contains,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A number.
    Number(i64),
    /// Text.
    Text(String),
    /// A moment.
    Moment(Timestamp),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// A number.
    Number,
    /// Text.
    Text,
    /// A moment.
    Moment,
    /// Bytes, written in hex.
    Bytes,
}

macro_rules! columns {
    ($($variant:ident = $name:literal, $kind:ident;)*) => {
        /// A column that can be searched, by its property name in the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Column {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// A part of the certificate's subject name.
            Subject(NameComponent),
        }

        impl Column {
            /// Every column but the subject parts.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The property name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Subject(part) => part.as_str(),
                }
            }

            /// Its type.
            pub fn kind(self) -> ColumnType {
                match self {
                    $(Self::$variant => ColumnType::$kind,)*
                    Self::Subject(_) => ColumnType::Text,
                }
            }
        }
    };
}

columns! {
    RequestId = "RequestID", Number;
    Disposition = "Disposition", Number;
    StatusCode = "StatusCode", Number;
    DispositionMessage = "DispositionMessage", Text;
    SubmittedWhen = "SubmittedWhen", Moment;
    ResolvedWhen = "ResolvedWhen", Moment;
    RequesterName = "RequesterName", Text;
    CallerName = "CallerName", Text;
    RequestType = "RequestType", Number;
    RequestFlags = "RequestFlags", Number;
    CertificateTemplate = "CertificateTemplate", Text;
    PublicKeyAlgorithm = "PublicKeyAlgorithm", Text;
    PublicKeyLength = "PublicKeyLength", Number;
    SubjectKeyIdentifier = "SubjectKeyIdentifier", Bytes;
    SubjectAltName = "SubjectAltName", Text;
    DistinguishedName = "DistinguishedName", Text;
    SerialNumber = "SerialNumber", Bytes;
    CertificateHash = "CertificateHash", Bytes;
    IssuerNameId = "IssuerNameId", Number;
    NotBefore = "NotBefore", Moment;
    NotAfter = "NotAfter", Moment;
    RevokedWhen = "RevokedWhen", Moment;
    RevokedEffectiveWhen = "RevokedEffectiveWhen", Moment;
    RevokedReason = "RevokedReason", Number;
    PublishExpiredCertInCrl = "PublishExpiredCertInCRL", Number;
}

impl Column {
    /// The column with this property name or subject part (aliases too), without regard to case.
    pub fn from_name(name: &str) -> Option<Self> {
        let bare = name.strip_prefix("Request.").unwrap_or(name);
        let found = Self::ALL.iter().find(|column| column.name().eq_ignore_ascii_case(bare)).copied();
        found.or_else(|| {
            let part = module::property::subject_part(bare)?;
            NameComponent::from_alias(part).map(Self::Subject)
        })
    }
}

/// The order of a search's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// Newest request first.
    #[default]
    Newest,
    /// Oldest request first.
    Oldest,
    /// Certificate that expires first, first. Only rows that have a certificate.
    Expiry,
}

/// Where a page ended; opaque to whoever passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    /// The last row's place in the order: microseconds of NotAfter, or 0.
    pub key: i64,
    /// The last row.
    pub id: RequestId,
}

impl std::fmt::Display for PageToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.key, self.id)
    }
}

impl std::str::FromStr for PageToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (key, id) = text.split_once('.').ok_or_else(|| Error::refused("the page token is not one of ours"))?;
        match (key.parse(), id.parse()) {
            (Ok(key), Ok(id)) => Ok(Self { key, id: RequestId(id) }),
            _ => Err(Error::refused("the page token is not one of ours")),
        }
    }
}

/// A page of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Request>,
    /// Where the next page starts; none on the last page.
    pub next: Option<PageToken>,
}

impl Filter {
    /// A filter from text: `NotAfter<2027-01-01`, `CommonName~=example`, `Disposition=pending`, `SerialNumber=0a1b…`.
    ///
    /// Moments are RFC 3339, or a date (its start, UTC); dispositions and revocation reasons may be words.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const SIGNS: [(&str, Comparison); 8] = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("!=", Comparison::Unequal),
            ("^=", Comparison::Prefix),
            ("~=", Comparison::Contains),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let end = text.find(['<', '>', '=', '!', '^', '~']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let sign = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
        let Some((sign, comparison)) = sign else {
            return Err(Error::refused(format!(
                "`{text}` is not a filter; write NAME=VALUE, with =, !=, <, <=, >, >=, ^= or ~="
            )));
        };
        let column = Column::from_name(name.trim())
            .ok_or_else(|| Error::refused(format!("`{}` is not a property that can be searched", name.trim())))?;
        let operand = Operand::parse(column, rest.get(sign.len()..).unwrap_or_default().trim())?;
        let textual = matches!(comparison, Comparison::Prefix | Comparison::Contains);
        if textual && column.kind() != ColumnType::Text {
            return Err(Error::refused(format!("{} is not text: ^= and ~= do not apply", column.name())));
        }
        Ok(Self { column, comparison: *comparison, operand })
    }

    /// A filter for equality.
    pub fn equal(column: Column, operand: Operand) -> Self {
        Self { column, comparison: Comparison::Equal, operand }
    }
}

impl Operand {
    fn parse(column: Column, text: &str) -> Result<Self, Error> {
        let wrong = |wanted: &str| Error::refused(format!("{} is compared with {wanted}, not `{text}`", column.name()));
        match column.kind() {
            ColumnType::Text => Ok(Self::Text(text.to_owned())),
            ColumnType::Bytes => {
                let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ':')).collect();
                let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
                let bytes = hex::decode(digits).map_err(|_| wrong("hex digits"))?;
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                let kept = if column == Column::SerialNumber { zeros } else { 0 };
                Ok(Self::Bytes(bytes.get(kept..).unwrap_or_default().to_vec()))
            }
            ColumnType::Moment => module::moment::parse(text).map(Self::Moment).map_err(|_| wrong("a date or time")),
            ColumnType::Number => {
                let hexadecimal = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let word = match column {
                    Column::Disposition => text.parse().ok().map(module::Disposition::code),
                    Column::RevokedReason => text.parse().ok().map(module::RevocationReason::code),
                    _ => None,
                };
                let number = text.parse().ok().or(word.map(i64::from));
                number
                    .or(hexadecimal.map(|bits| i64::from(bits.cast_signed())))
                    .map(Self::Number)
                    .ok_or_else(|| wrong("a number"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn filters_are_read_as_people_write_them() {
        let filter = Filter::parse("disposition = pending").unwrap();
        assert_eq!(filter, Filter::equal(Column::Disposition, Operand::Number(9)));
        let filter = Filter::parse("NotAfter<2027-01-01").unwrap();
        assert_eq!((filter.column, filter.comparison), (Column::NotAfter, Comparison::Less));
        let filter = Filter::parse("SerialNumber=00:0A:1b").unwrap();
        assert_eq!(filter.operand, Operand::Bytes(vec![0x0a, 0x1b]));
        let filter = Filter::parse("CN~=a=b").unwrap();
        assert_eq!(filter.column, Column::Subject(NameComponent::from_alias("CommonName").unwrap()));
        assert_eq!(filter.operand, Operand::Text("a=b".into()));
        assert_eq!(Filter::parse("StatusCode=0x80094014").unwrap().operand, Operand::Number(-2_146_877_420));
        for text in ["", "CommonName", "Nonsense=1", "NotAfter~=2027", "RequestID=x", "NotAfter=soon"] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}

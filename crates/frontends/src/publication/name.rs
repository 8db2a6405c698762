//! The file names of CRLs and CA certificates: `%3%8%9.crl` and `%1_%3%4.crt` in the contract's notation.

use engine::location;

/// What the names are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    /// The authority's sanitized name.
    pub(super) sanitized_name: &'a str,
    /// The server's DNS name.
    pub(super) dns_name: &'a str,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// The newest CRL of a key.
    Crl { key: u16, delta: bool },
    /// The CA certificate at an index.
    Certificate(u16),
}

impl Names<'_> {
    /// The document with this file name.
    pub(super) fn document(&self, file: &str) -> Option<Document> {
        if let Some(stem) = file.strip_suffix(".crl") {
            let rest = stem.strip_prefix(self.sanitized_name)?;
            let (rest, delta) = rest.strip_suffix('+').map_or((rest, false), |rest| (rest, true));
            return Some(Document::Crl { key: index(rest)?, delta });
        }
        let stem = file.strip_suffix(".crt")?;
        let (host, rest) = stem.split_at_checked(self.dns_name.len())?;
        if !host.eq_ignore_ascii_case(self.dns_name) {
            return None;
        }
        let rest = rest.strip_prefix('_')?.strip_prefix(self.sanitized_name)?;
        index(rest).map(Document::Certificate)
    }
}

/// The index that a suffix stands for: nothing for 0, else `(n)`; one spelling each.
fn index(suffix: &str) -> Option<u16> {
    if suffix.is_empty() {
        return Some(0);
    }
    let number: u16 = suffix.strip_prefix('(')?.strip_suffix(')')?.parse().ok()?;
    (location::suffix(number) == suffix).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_certificates_point_to() {
        let names = Names { sanitized_name: "Example CA 1", dns_name: "ca.example.org" };
        let crl = |key, delta| Some(Document::Crl { key, delta });
        for (file, document) in [
            ("Example CA 1.crl", crl(0, false)),
            ("Example CA 1+.crl", crl(0, true)),
            ("Example CA 1(2).crl", crl(2, false)),
            ("Example CA 1(2)+.crl", crl(2, true)),
            ("ca.example.org_Example CA 1.crt", Some(Document::Certificate(0))),
            ("CA.Example.ORG_Example CA 1(12).crt", Some(Document::Certificate(12))),
            ("Example CA 1(0).crl", None),
            ("Example CA 1(02).crl", None),
            ("Example CA 1(65536).crl", None),
            ("Example CA 1(-1).crl", None),
            ("Example CA 1+(2).crl", None),
            ("Example CA 1++.crl", None),
            ("Example CA 11.crl", None),
            ("Example CA.crl", None),
            ("example ca 1.crl", None),
            ("Example CA 1.crt", None),
            ("ca.example.org_Example CA 1.crl", None),
            ("_Example CA 1.crt", None),
            ("äa.example.org_Example CA 1.crt", None),
            (".crl", None),
            ("", None),
        ] {
            assert_eq!(names.document(file), document, "{file}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_read_and_only_ours_mean_something(file in "(Ex|ca.example.org_)?.{0,16}(\\(.{0,6}\\))?\\+?(\\.cr[lt])?") {
            let names = Names { sanitized_name: "Ex", dns_name: "ca.example.org" };
            if let Some(Document::Crl { key, delta }) = names.document(&file) {
                let suffix = location::suffix(key);
                proptest::prop_assert_eq!(file, format!("Ex{suffix}{}.crl", if delta { "+" } else { "" }));
            }
        }
    }
}

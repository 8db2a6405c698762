//! Extensions that say where things are: CRLs, certificates of the issuer, OCSP responders.

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};

use super::value::{ia5_element, ia5_text};
use super::{Extension, oid};
use crate::{Error, limits, read, write};

/// Authority information access, RFC 5280 4.2.2.1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityInfoAccess {
    /// URLs of certificates of the issuer.
    pub ca_issuers: Vec<String>,
    /// URLs of OCSP responders.
    pub ocsp: Vec<String>,
}

/// Issuing distribution point, RFC 5280 5.2.5. `onlySomeReasons` is neither written nor read (refused), since no
/// CRL of ours is split by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuingDistributionPoint {
    /// URLs in the fullName of distributionPoint; empty when absent.
    pub urls: Vec<String>,
    /// onlyContainsUserCerts.
    pub only_user_certs: bool,
    /// onlyContainsCACerts.
    pub only_ca_certs: bool,
    /// indirectCRL.
    pub indirect: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute_certs: bool,
}

/// CRL distribution points, RFC 5280 4.2.1.13: one distribution point whose fullName has every URL. Not critical.
///
/// # Errors
/// [`Error::Unencodable`] for a URL that is not ASCII, and for none at all.
pub fn crl_distribution_points(urls: &[String]) -> Result<Extension, Error> {
    let value = distribution_points("CRL distribution points", urls)?;
    Ok(Extension::new(oid::CRL_DISTRIBUTION_POINTS, value))
}

/// Freshest CRL, RFC 5280 4.2.1.15 and 5.2.6: where delta CRLs are. Not critical.
///
/// # Errors
/// As [`crl_distribution_points`].
pub fn freshest_crl(urls: &[String]) -> Result<Extension, Error> {
    let value = distribution_points("freshest CRL", urls)?;
    Ok(Extension::new(oid::FRESHEST_CRL, value))
}

/// Published CRL locations, 1.3.6.1.4.1.311.21.14: where a CRL itself is published. Not critical.
///
/// # Errors
/// As [`crl_distribution_points`].
pub fn published_crl_locations(urls: &[String]) -> Result<Extension, Error> {
    let value = distribution_points("published CRL locations", urls)?;
    Ok(Extension::new(oid::PUBLISHED_CRL_LOCATIONS, value))
}

/// All URLs of all distribution points, in order; for CRL distribution points and freshest CRL.
/// Names that are no URLs, relative names, reasons and CRL issuers are passed over.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`].
pub fn decode_crl_distribution_points(value: &[u8]) -> Result<Vec<String>, Error> {
    let what = "CRL distribution points";
    let points = read::sequence(what, value, |r| {
        read::list(r, what, limits::EXTENSION_ITEMS_MAX, |r| {
            r.sequence(|r| {
                let urls = distribution_point_urls(r, what)?;
                read::optional(r, read::primitive(1))?;
                read::optional(r, read::constructed(2))?;
                Ok(urls)
            })
        })
    })?;
    if points.is_empty() {
        return Err(Error::malformed(what, "empty list"));
    }
    Ok(points.into_iter().flatten().collect())
}

/// Authority information access; not critical.
///
/// # Errors
/// [`Error::Unencodable`] for a URL that is not ASCII, and for none at all.
pub fn authority_info_access(ca_issuers: &[String], ocsp: &[String]) -> Result<Extension, Error> {
    let what = "authority information access";
    if ca_issuers.is_empty() && ocsp.is_empty() {
        return Err(Error::unencodable(what, "no URL"));
    }
    let mut value = Vec::with_capacity(128);
    let descriptions =
        ocsp.iter().map(|url| (oid::AD_OCSP, url)).chain(ca_issuers.iter().map(|url| (oid::AD_CA_ISSUERS, url)));
    write::nested(&mut value, Tag::Sequence, |out| {
        for (method, url) in descriptions {
            write::nested(out, Tag::Sequence, |out| {
                write::oid(out, &method);
                ia5_element(out, what, read::primitive(6), url)
            })?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(Extension::new(oid::AUTHORITY_INFO_ACCESS, value))
}

/// Reads [`authority_info_access`]. Other access methods and names that are no URLs are passed over.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`].
pub fn decode_authority_info_access(value: &[u8]) -> Result<AuthorityInfoAccess, Error> {
    let what = "authority information access";
    let mut access = AuthorityInfoAccess::default();
    let descriptions = read::sequence(what, value, |r| {
        read::list(r, what, limits::EXTENSION_ITEMS_MAX, |r| {
            r.sequence(|r| Ok((ObjectIdentifier::decode(r)?, read::element(r)?)))
        })
    })?;
    for (method, (tag, contents)) in descriptions {
        if tag != read::primitive(6) {
            continue;
        }
        let url = ia5_text(what, contents)?;
        match method {
            oid::AD_CA_ISSUERS => access.ca_issuers.push(url),
            oid::AD_OCSP => access.ocsp.push(url),
            _ => {}
        }
    }
    Ok(access)
}

/// Issuing distribution point; critical (RFC 5280 5.2.5).
///
/// # Errors
/// [`Error::Unencodable`] for a URL that is not ASCII, when more than one of the `only…` fields is set, and when the
/// extension would be empty.
pub fn issuing_distribution_point(point: &IssuingDistributionPoint) -> Result<Extension, Error> {
    let what = "issuing distribution point";
    let only = [point.only_user_certs, point.only_ca_certs, point.only_attribute_certs];
    if only.into_iter().filter(|set| *set).count() > 1 {
        return Err(Error::unencodable(what, "more than one onlyContains field"));
    }
    if *point == IssuingDistributionPoint::default() {
        return Err(Error::unencodable(what, "empty"));
    }
    let mut value = Vec::with_capacity(64);
    write::nested(&mut value, Tag::Sequence, |out| {
        if !point.urls.is_empty() {
            full_name(out, what, &point.urls)?;
        }
        for (number, set) in
            [(1, point.only_user_certs), (2, point.only_ca_certs), (4, point.indirect), (5, point.only_attribute_certs)]
        {
            if set {
                write::element(out, read::primitive(number), &[0xff]);
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok(Extension::critical(oid::ISSUING_DISTRIBUTION_POINT, value))
}

/// Reads [`issuing_distribution_point`].
///
/// # Errors
/// [`Error::Malformed`]; [`Error::Unsupported`] for a CRL of some reasons only.
pub fn decode_issuing_distribution_point(value: &[u8]) -> Result<IssuingDistributionPoint, Error> {
    let what = "issuing distribution point";
    read::sequence(what, value, |r| {
        let urls = distribution_point_urls(r, what)?;
        let only_user_certs = flag(r, what, 1)?;
        let only_ca_certs = flag(r, what, 2)?;
        if read::optional(r, read::primitive(3))?.is_some() {
            return Err(Error::Unsupported("CRL of some reasons only".into()));
        }
        Ok(IssuingDistributionPoint {
            urls,
            only_user_certs,
            only_ca_certs,
            indirect: flag(r, what, 4)?,
            only_attribute_certs: flag(r, what, 5)?,
        })
    })
}

fn distribution_points(what: &'static str, urls: &[String]) -> Result<Vec<u8>, Error> {
    if urls.is_empty() {
        return Err(Error::unencodable(what, "no URL"));
    }
    let mut value = Vec::with_capacity(128);
    write::nested(&mut value, Tag::Sequence, |out| {
        write::nested(out, Tag::Sequence, |out| full_name(out, what, urls))
    })?;
    Ok(value)
}

/// Appends `distributionPoint [0] { fullName [0] { URLs } }`.
fn full_name(out: &mut Vec<u8>, what: &'static str, urls: &[String]) -> Result<(), Error> {
    write::nested(out, read::constructed(0), |out| {
        write::nested(out, read::constructed(0), |out| {
            urls.iter().try_for_each(|url| ia5_element(out, what, read::primitive(6), url))
        })
    })
}

fn distribution_point_urls(r: &mut SliceReader<'_>, what: &'static str) -> Result<Vec<String>, Error> {
    let Some(name) = read::optional(r, read::constructed(0))? else {
        return Ok(Vec::new());
    };
    read::whole(what, name, |r| {
        let (tag, contents) = read::element(r)?;
        if tag == read::constructed(1) {
            return Ok(Vec::new());
        }
        tag.assert_eq(read::constructed(0))?;
        let names = read::whole(what, contents, |r| read::list(r, what, limits::GENERAL_NAMES_MAX, read::element))?;
        names
            .into_iter()
            .filter(|(tag, _)| *tag == read::primitive(6))
            .map(|(_, contents)| ia5_text(what, contents))
            .collect()
    })
}

fn flag(r: &mut SliceReader<'_>, what: &'static str, number: u32) -> Result<bool, Error> {
    match read::optional(r, read::primitive(number))? {
        None | Some([0]) => Ok(false),
        Some([0xff]) => Ok(true),
        Some(_) => Err(Error::malformed(what, "bad BOOLEAN")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn urls(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn distribution_points_round_trip() {
        let list = urls(&["http://a.example/x.crl", "ldap:///CN=x?certificateRevocationList"]);
        for extension in [
            crl_distribution_points(&list).unwrap(),
            freshest_crl(&list).unwrap(),
            published_crl_locations(&list).unwrap(),
        ] {
            let back = decode_crl_distribution_points(&extension.value).unwrap();
            assert_eq!(back, list);
        }
        assert!(crl_distribution_points(&[]).is_err());
        assert!(crl_distribution_points(&urls(&["http://ä/"])).is_err());
        assert!(decode_crl_distribution_points(b"\x30\x00").is_err());
    }

    #[test]
    fn foreign_distribution_points() {
        // A point with reasons and a CRL issuer only, then one with a directory name and a URL.
        let der = b"\x30\x1b\x30\x0a\x81\x02\x01\x06\xa2\x04\xa4\x02\x30\x00\
                    \x30\x0d\xa0\x0b\xa0\x09\xa4\x02\x30\x00\x86\x03u:x";
        assert_eq!(decode_crl_distribution_points(der).unwrap(), ["u:x"]);
    }

    #[test]
    fn information_access() {
        let ca = urls(&["http://a.example/ca.crt"]);
        let ocsp = urls(&["http://ocsp.example/", "http://ocsp2.example/"]);
        let extension = authority_info_access(&ca, &ocsp).unwrap();
        let back = decode_authority_info_access(&extension.value).unwrap();
        assert_eq!((back.ca_issuers, back.ocsp), (ca, ocsp));
        assert!(authority_info_access(&[], &[]).is_err());
    }

    #[test]
    fn issuing_points() {
        for point in [
            IssuingDistributionPoint { urls: urls(&["http://a.example/x.crl"]), ..Default::default() },
            IssuingDistributionPoint { only_user_certs: true, indirect: true, ..Default::default() },
            IssuingDistributionPoint {
                only_ca_certs: true,
                urls: urls(&["http://a.example/x.crl"]),
                ..Default::default()
            },
        ] {
            let extension = issuing_distribution_point(&point).unwrap();
            assert!(extension.critical);
            let back = decode_issuing_distribution_point(&extension.value).unwrap();
            assert_eq!(back, point);
        }
        let both = IssuingDistributionPoint { only_user_certs: true, only_ca_certs: true, ..Default::default() };
        assert!(issuing_distribution_point(&both).is_err());
        assert!(issuing_distribution_point(&IssuingDistributionPoint::default()).is_err());
        assert!(decode_issuing_distribution_point(b"\x30\x03\x81\x01\x01").is_err());
    }
}

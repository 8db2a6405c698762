//! What a CRL says besides its entries (RFC 5280 5.1.2 and 5.2).

use pki::{CrlHeader, extension};

use super::Publisher;
use super::times::Times;
use crate::location::{Location, Use};
use crate::{Error, Issuer};

/// A CRL before its entries and its signature.
pub(super) struct Draft<'a> {
    pub(super) issuer: Issuer<'a>,
    pub(super) number: u64,
    /// The base a delta builds on; none for a base.
    pub(super) min_base: Option<u64>,
    pub(super) times: Times,
}

impl Draft<'_> {
    /// The header, with the extensions in the order the classic service has them.
    pub(super) fn header(&self, publisher: &Publisher<'_>) -> Result<CrlHeader, Error> {
        let installed = self.issuer.installed;
        let row = &installed.row;
        let mut extensions = vec![
            extension::authority_key_identifier(Some(&installed.key_identifier), None, None),
            extension::ca_version(row.key_index, row.index),
            extension::crl_number(self.number),
        ];
        extensions.extend(self.min_base.map(extension::delta_crl_indicator));
        extensions.push(extension::crl_next_publish(self.times.next_publish)?);

        let is_delta = self.min_base.is_some();
        // Only a base says where its deltas are (RFC 5280 5.2.6), and only where there are any.
        if !is_delta && !publisher.config.crl.delta_period.is_zero() {
            let urls = self.urls(publisher, Use::ADD_TO_FRESHEST_CRL, true);
            if !urls.is_empty() {
                extensions.push(extension::freshest_crl(&urls)?);
            }
        }
        // A delta has the scope of its base, and so the same issuing distribution point (RFC 5280 5.2.4, 6.3.3 c).
        let urls = self.urls(publisher, Use::ADD_TO_IDP, false);
        if !urls.is_empty() {
            let point = extension::IssuingDistributionPoint { urls, ..Default::default() };
            extensions.push(extension::issuing_distribution_point(&point)?);
        }
        let mut urls = self.urls(publisher, Use::ADD_TO_CRL_CDP, is_delta);
        urls.retain(|url| url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("ldap:")));
        if !urls.is_empty() {
            extensions.push(extension::published_crl_locations(&urls)?);
        }
        Ok(CrlHeader {
            signature: self.issuer.signer.algorithm(),
            issuer: installed.certificate.subject().clone(),
            this_update: self.times.this_update,
            next_update: self.times.next_update,
            extensions,
        })
    }

    fn urls(&self, publisher: &Publisher<'_>, wanted: Use, delta: bool) -> Vec<String> {
        let row = &self.issuer.installed.row;
        let tokens = publisher.tokens(row.index, row.key_index, delta);
        let locations = publisher.config.crl.locations.iter().filter(|location| location.uses.contains(wanted));
        locations.map(|Location { template, .. }| tokens.url(template)).collect()
    }
}

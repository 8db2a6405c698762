//! Installing a CA certificate: the answer to a subordinate's request, or a renewal.

use module::HResult;
use pki::Certificate;
use serde_json::json;

use crate::audit::Act;
use crate::ca::check_own;
use crate::roles::{Authorised, right};
use crate::store::{CaCertificate, Change};
use crate::{Ca, Engine, Error, Store};

/// The most certificates above an authority.
const CHAIN_MAX: usize = 16;

impl Engine {
    /// Installs a certificate for one of the authority's keys and makes it the one that issues. `chain` holds the
    /// certificates above it, in any order; without them a subordinate's chain is left open.
    pub fn install_ca_certificate(
        &self,
        by: &Authorised<right::Administer>,
        certificate: &[u8],
        chain: &[Vec<u8>],
    ) -> Result<CaCertificate, Error> {
        let row = self.read_judge_commit(|| {
            // As stored, not as known here: somebody else may have installed one since.
            let ca = Ca::new(self.site.store.ca_certificates()?, self.site.ca().signers().to_vec())?;
            let now = self.site.now();
            let row = prepare(&ca, certificate, chain, now)?;
            let parsed = Certificate::from_der(&row.certificate)?;
            let detail = json!({
                "index": row.index,
                "key_index": row.key_index,
                "serial": parsed.serial().to_string(),
                "sha256": hex::encode(parsed.sha256()),
            });
            let audit = Act::CaCertificateInstalled.entry(&by.caller().name, now, None, detail);
            let change = Change { ca_certificates: vec![row.clone()], audit: Some(audit), ..Change::default() };
            Ok((Some(change), row))
        })?;
        self.site.read_ca()?;
        self.write_ca_certificates();
        self.reschedule();
        Ok(row)
    }
}

/// Installs a CA certificate while no engine runs: the first of a new authority, or a subordinate's.
pub fn install_offline(
    store: &dyn Store,
    signers: Vec<std::sync::Arc<dyn crate::Signer>>,
    certificate: &[u8],
    chain: &[Vec<u8>],
    by: &str,
    now: jiff::Timestamp,
) -> Result<CaCertificate, Error> {
    let ca = Ca::new(store.ca_certificates()?, signers)?;
    let row = prepare(&ca, certificate, chain, now)?;
    let detail = json!({ "index": row.index, "key_index": row.key_index });
    let audit = Act::CaCertificateInstalled.entry(by, now, None, detail);
    store.commit(Change { ca_certificates: vec![row.clone()], audit: Some(audit), ..Change::default() })?;
    Ok(row)
}

/// The row of a new CA certificate: the next index, and the key's index (its own where the key is new).
fn prepare(ca: &Ca, certificate: &[u8], chain: &[Vec<u8>], now: jiff::Timestamp) -> Result<CaCertificate, Error> {
    let parsed = Certificate::decode(certificate)?;
    check_own(&parsed, ca.signers(), now)?;
    if ca.certificates().iter().any(|installed| installed.certificate.der() == parsed.der()) {
        return Err(Error::conflict(HResult::ERROR_OBJECT_EXISTS, "the certificate is installed already"));
    }
    let index =
        u16::try_from(ca.certificates().len()).map_err(|_| Error::refused("there are too many CA certificates"))?;
    let same_key = ca.certificates().iter().find(|installed| installed.certificate.public_key() == parsed.public_key());
    let key_index = same_key.map_or(index, |installed| installed.row.key_index);
    let chain = order_chain(&parsed, chain)?;
    Ok(CaCertificate { index, key_index, certificate: parsed.der().to_vec(), chain })
}

/// The certificates above, nearest first; each signature is verified. What is not above it is refused.
fn order_chain(certificate: &Certificate, chain: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Error> {
    if chain.len() > CHAIN_MAX {
        return Err(Error::refused(format!("a chain has at most {CHAIN_MAX} certificates")));
    }
    let mut left = chain.iter().map(|der| Certificate::decode(der)).collect::<Result<Vec<_>, _>>()?;
    left.retain(|other| other.der() != certificate.der());
    let mut ordered: Vec<Certificate> = Vec::new();
    while !left.is_empty() {
        let below = ordered.last().unwrap_or(certificate);
        let above = left.iter().position(|candidate| {
            candidate.subject().der() == below.issuer().der() && below.verify(candidate.public_key()).is_ok()
        });
        let above = above.ok_or_else(|| {
            let text = format!("the chain has no certificate that signed `{}`", below.subject());
            Error::refused_with(HResult::CERT_E_ISSUERCHAINING, text)
        })?;
        ordered.push(left.swap_remove(above));
    }
    Ok(ordered.into_iter().map(|certificate| certificate.der().to_vec()).collect())
}

//! A change made ready by its caller, so that the committer only binds and steps.

use engine::store::{Change, InstalledModule};

use super::row::RequestRow;
use crate::error::{Error, Result};

/// A [`Change`] whose parts are in the form they are stored in.
#[derive(Debug)]
pub(crate) struct ReadyChange {
    /// The requests of the change, taken out of it.
    pub(crate) requests: Vec<RequestRow>,
    /// The modules of the change, taken out of it.
    pub(crate) modules: Vec<ModuleRow>,
    /// The running modules of the change, taken out of it.
    pub(crate) running_modules: Vec<ModuleRow>,
    /// The rest.
    pub(crate) rest: Change,
    /// About how many octets it adds to a transaction.
    pub(crate) size: usize,
}

/// A module with its settings and options as JSON.
#[derive(Debug)]
pub(crate) struct ModuleRow {
    pub(crate) module: InstalledModule,
    pub(crate) settings: String,
    pub(crate) options: String,
    pub(crate) versions: String,
}

impl ReadyChange {
    pub(crate) fn new(mut change: Change) -> Result<Self> {
        let requests: Vec<_> =
            std::mem::take(&mut change.requests).into_iter().map(RequestRow::new).collect::<Result<_>>()?;
        let rows = |modules: Vec<InstalledModule>| modules.into_iter().map(ModuleRow::new).collect::<Result<_>>();
        let modules = rows(std::mem::take(&mut change.modules))?;
        let running_modules = rows(std::mem::take(&mut change.running_modules))?;
        let size = requests.iter().map(RequestRow::size).sum::<usize>() + 256;
        Ok(Self { requests, modules, running_modules, rest: change, size })
    }
}

impl ModuleRow {
    fn new(module: InstalledModule) -> Result<Self> {
        let json = |error: serde_json::Error| Error::Unavailable(format!("module {}: {error}", module.name));
        let settings = serde_json::to_string(&module.settings).map_err(json)?;
        let options = serde_json::to_string(&module.options).map_err(json)?;
        let versions = serde_json::to_string(&module.versions).map_err(json)?;
        Ok(Self { module, settings, options, versions })
    }
}

/// A number that is stored as a signed one. Beyond 2^63 - 1 it is cut off there: no sequence of ours gets that far.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Certificates one after the other, each with its length as four octets, high ones first.
pub(crate) fn encode_chain(chain: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(chain.iter().map(|certificate| certificate.len() + 4).sum());
    for certificate in chain {
        let length = u32::try_from(certificate.len())
            .map_err(|_| Error::Unavailable("a certificate of 4 GiB or more cannot be stored".into()))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(certificate);
    }
    Ok(out)
}

/// The certificates that [`encode_chain`] wrote.
pub(crate) fn decode_chain(mut octets: &[u8]) -> Result<Vec<Vec<u8>>> {
    let damaged = || Error::Corrupt("the chain of a CA certificate cannot be read".into());
    let mut chain = Vec::new();
    while !octets.is_empty() {
        let (length, rest) = octets.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        let (certificate, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        chain.push(certificate.to_vec());
        octets = rest;
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_chain_is_read_as_written() {
        let chain = vec![vec![1; 300], Vec::new(), vec![2]];
        let octets = encode_chain(&chain).unwrap();
        assert_eq!(decode_chain(&octets).unwrap(), chain);
        assert!(decode_chain(&octets[..octets.len() - 1]).is_err());
        assert!(decode_chain(&[]).unwrap().is_empty());
    }
}

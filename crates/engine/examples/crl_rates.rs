//! How long a CRL takes on this machine, and how much memory.
//!
//! ```text
//! cargo run --release -p engine --example crl_rates -- REVOCATIONS [KEY-ALGORITHM]
//! ```
//!
//! Fills a database in a temporary folder with revoked certificates, then publishes a base CRL of them all three times,
//! and a delta CRL of nothing.
#![allow(clippy::print_stdout, reason = "a tool that prints figures")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use engine::store::Change;
use engine::{CrlPublication, RequestBody, Store, right};
use pki::KeyAlgorithm;
use testkit::authority::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let revocations: i64 = arguments.next().ok_or("how many revocations? see the head of this file")?.parse()?;
    let algorithm: KeyAlgorithm = arguments.next().map_or(Ok(KeyAlgorithm::P256), |name| name.parse())?;

    let filled = Instant::now();
    let authority = Builder::new(algorithm).wrap(move |store| fill(store, revocations)).open()?;
    println!("filled with {revocations} revocations in {:.1?}, and first CRL begun", filled.elapsed());

    for (name, base) in [("base", true), ("base", true), ("base", true), ("delta", false)] {
        let order = CrlPublication { base, delta: !base, ..CrlPublication::default() };
        let before = peak_memory()?;
        let started = Instant::now();
        let rows = authority.engine.publish_crls(&authority.by::<right::Administer>(), &order, &mut |_, _| {})?;
        let took = started.elapsed();
        let first = rows.first().ok_or("no CRL was made")?;
        println!(
            "{name}: {} entries, {} bytes in {took:.2?}; peak memory {before} then {}",
            first.entries,
            first.size,
            peak_memory()?
        );
    }
    Ok(())
}

/// Revoked certificates, without large parts, a thousand to a transaction.
fn fill(store: Arc<dyn Store>, revocations: i64) -> Arc<dyn Store> {
    let mut next = 1;
    while next <= revocations {
        let requests = (next..=revocations).take(1_000).map(|id| {
            let mut request = testkit::revoked(id, (id % 6).try_into().expect("below six"));
            request.version = 1;
            request.not_after = "2036-01-01T00:00:00Z".parse().ok();
            request.revocation = request.revocation.map(|mut revocation| {
                revocation.when = "2026-06-01T00:00:00Z".parse().expect("a moment");
                revocation.effective = revocation.when;
                revocation
            });
            request.body = Arc::new(RequestBody::default());
            request
        });
        let requests: Vec<_> = requests.collect();
        next += requests.len() as i64;
        store.commit(Change { requests, ..Change::default() }).expect("the database takes the rows");
    }
    store
}

/// The most memory this process has held so far, as Linux tells it.
fn peak_memory() -> Result<String, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(peak.trim().to_owned())
}

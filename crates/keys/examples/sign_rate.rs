//! Signatures a second of each key algorithm: `cargo run -p keys --example sign_rate`.
//!
//! Seconds are those a thread had on a processor, so that a busy machine does not spoil the figures. With two threads
//! a key should sign as many a second in each.

use std::fs;
use std::io;
use std::time::Duration;

use engine::Signer;
use pki::KeyAlgorithm;

/// About a certificate's length, in bytes.
const MESSAGE: [u8; 1200] = [7; 1200];
const ROUND: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:<12}{:>12}{:>14}", "algorithm", "one thread", "each of two");
    for algorithm in KeyAlgorithm::ALL {
        let key = keys::generate(algorithm)?;
        let one = rate(&key)?;
        let two: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| rate(&key))).collect();
            threads.into_iter().map(|thread| thread.join().expect("rate does not panic")).collect()
        });
        let two = two.into_iter().sum::<io::Result<f64>>()?;
        println!("{:<12}{one:>12.0}{:>14.0}", algorithm.as_str(), two / 2.0);
    }
    Ok(())
}

fn rate(key: &dyn Signer) -> io::Result<f64> {
    let start = on_processor()?;
    let mut signatures = 0_u32;
    loop {
        for _ in 0..50 {
            key.sign(&MESSAGE).map_err(io::Error::other)?;
        }
        signatures += 50;
        let spent = on_processor()?.saturating_sub(start);
        if spent >= ROUND {
            return Ok(f64::from(signatures) / spent.as_secs_f64());
        }
    }
}

/// How long this thread has had a processor.
fn on_processor() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().and_then(|n| n.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| io::Error::other("schedstat in another form"))
}

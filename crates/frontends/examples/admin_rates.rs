//! Rates of the admin API on this machine, client and server in one process.
//!
//! ```text
//! cargo run --release -p frontends --example admin_rates -- [CONNECTIONS [SECONDS]]
//! ```
//!
//! Each connection to the Unix socket sends one request after the other: first some that ask the engine nothing
//! (`GET /v1/me`), then some that read one row (`GET /v1/requests/1`), then submissions that are issued, which the engine
//! makes durable one by one or, where several have gathered, together.
#![allow(clippy::print_stdout, reason = "a tool that prints figures")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Role;
use frontends::client::Client;
use frontends::listen::Address;
use frontends::model::{Me, Outcome, Request, Submission};
use frontends::{Frontends, Limits, Setup, this_user};
use testkit::authority::{Builder, csr};

/// Figures of one kind of request.
#[derive(Default)]
struct Figures {
    count: usize,
    latencies: Vec<Duration>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let connections: usize = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let builder = Builder::new(pki::KeyAlgorithm::P256).config(|config| {
        for role in Role::ALL {
            config.roles.members.entry(role).or_default().insert(this_user());
        }
    });
    let authority = builder.open()?;
    let socket = authority.folder.path().join("admin.sock");
    let frontends = Frontends::open(Setup {
        engine: Arc::clone(&authority.engine),
        version: "0".into(),
        module_kinds: Vec::new(),
        admin: vec![Address::Unix { path: socket.clone(), mode: 0o600 }],
        publication: Vec::new(),
        health: None,
        limits: Limits::default(),
        ask_to_stop: Box::new(|| ()),
    })?;
    authority.submit("first.example.org", "");
    let submission = Submission {
        request: testkit::ca::pem("CERTIFICATE REQUEST", &csr("www.example.org")),
        ..Submission::default()
    };

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for what in ["GET /v1/me", "GET /v1/requests/1", "POST /v1/requests"] {
        let end = Instant::now() + Duration::from_secs(seconds);
        let tasks: Vec<_> = (0..connections)
            .map(|_| {
                let (client, submission) = (Client::unix(&socket), submission.clone());
                runtime.spawn(async move {
                    let mut figures = Figures::default();
                    while Instant::now() < end {
                        let start = Instant::now();
                        match what {
                            "GET /v1/me" => client.get::<Me>("/v1/me").await.map(drop)?,
                            "GET /v1/requests/1" => client.get::<Request>("/v1/requests/1").await.map(drop)?,
                            _ => client.post::<_, Outcome>("/v1/requests", &submission).await.map(drop)?,
                        }
                        figures.count += 1;
                        figures.latencies.push(start.elapsed());
                    }
                    Ok::<_, frontends::client::Error>(figures)
                })
            })
            .collect();
        let start = Instant::now();
        let mut all = Figures::default();
        for task in tasks {
            let figures = runtime.block_on(task)??;
            all.count += figures.count;
            all.latencies.extend(figures.latencies);
        }
        let took = start.elapsed().as_secs_f64();
        all.latencies.sort_unstable();
        let at = |percent: usize| all.latencies.get(all.latencies.len() * percent / 100).copied().unwrap_or_default();
        println!(
            "{what:20} {:9.0}/s  p50 {:7.2} ms  p99 {:7.2} ms",
            all.count as f64 / took,
            at(50).as_secs_f64() * 1_000.0,
            at(99).as_secs_f64() * 1_000.0
        );
    }
    frontends.shut_down(Duration::from_secs(10));
    authority.close();
    Ok(())
}

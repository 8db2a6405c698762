//! Issuance: in process, through the API, and beside modules that misbehave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::store::ModuleOptions;
use engine::{NewModule, Signer, StartFrom, right};
use frontends::client::Client;
use frontends::model::{Outcome, Submission};
use keys::KeyMaterial;
use module::{Role, Settings};
use pki::CertificationRequest;

use super::Options;
use super::figure::{Figure, Report};
use super::load::rate;
use super::subject::{Subject, memory_peak_megabytes};
use crate::Error;

/// Callers at once: enough for group commit to have something to group.
const CALLERS: usize = 64;
/// How long a module may take to be initialised.
const STARTED_WITHIN: Duration = Duration::from_secs(20);

pub fn run(options: &Options, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, Error> {
    let rounds = options.rounds();
    let mut steps = Steps { done: 0, all: (rounds * 5 + 1) as u64, progress };
    let mut subject = Subject::open(options)?;
    let first = first_certificate(&mut subject, rounds)?;
    steps.step();

    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let key = keys::generate(options.key)?;
    let (mut bound, mut inside, mut api) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        bound.push(cryptography(&subject, &key, processors, options.round())?);
        steps.step();
        inside.push(in_process(&subject, options.round())?);
        steps.step();
        api.push(through_api(&subject, options.round())?);
        steps.step();
    }
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.push(in_process(&subject, options.round())?);
        steps.step();
        install_misbehaving(&subject)?;
        beside.push(in_process(&subject, options.round())?);
        remove_misbehaving(&subject)?;
        steps.step();
    }
    let memory = memory_peak_megabytes();

    let bound_name = "cryptography alone";
    let mut figures = vec![
        Figure::new("first certificate after start", "ms", &first),
        Figure::new(format!("{bound_name} (POP, sign, verify)"), "/s", &bound),
        Figure::new("durable certificates, in process", "/s", &inside).beside(bound_name, &inside, &bound),
        Figure::new("durable certificates, through the API", "/s", &api).beside("in process", &api, &inside),
        Figure::new("with one module hung and one crashing", "/s", &beside).beside("without", &beside, &alone),
    ];
    if let Some(megabytes) = memory {
        figures.push(Figure::new("memory at its peak, clients included", "MB", &[megabytes]));
    }
    let setting = format!(
        "{} key, {CALLERS} callers, {processors} processors, {rounds} rounds of {} s",
        options.key, options.seconds
    );
    Ok(Report::new("issue", setting, figures))
}

struct Steps<'a> {
    done: u64,
    all: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Steps<'_> {
    fn step(&mut self) {
        self.done += 1;
        (self.progress)(self.done, self.all);
    }
}

/// From the start of the server to a certificate in hand.
fn first_certificate(subject: &mut Subject, rounds: usize) -> Result<Vec<f64>, Error> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        subject.stop();
        let begun = Instant::now();
        subject.start()?;
        subject.issue(&subject.by()?, 0)?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(times)
}

/// What no certification authority can do without: proof of possession, a signature, and its verification.
fn cryptography(subject: &Subject, key: &KeyMaterial, threads: usize, time: Duration) -> Result<f64, Error> {
    let unexpected = |error: &dyn std::fmt::Display| Error::failed(error.to_string());
    rate(threads, time, |number| {
        let request = CertificationRequest::from_der(subject.request(number))?;
        request.verify()?;
        let signature = key.sign(request.der()).map_err(|error| unexpected(&error))?;
        key.public_key().verify(key.algorithm(), request.der(), &signature)?;
        Ok(())
    })
}

fn in_process(subject: &Subject, time: Duration) -> Result<f64, Error> {
    let by = subject.by::<right::Enrol>()?;
    rate(CALLERS, time, |number| subject.issue(&by, number))
}

/// Keep-alive connections to the Unix socket, each with one request at a time, in this process.
fn through_api(subject: &Subject, time: Duration) -> Result<f64, Error> {
    use base64ct::{Base64, Encoding};

    let socket = subject.socket()?;
    let bodies: Vec<Submission> = (0..CALLERS as u64)
        .map(|number| Submission {
            request: Base64::encode_string(subject.request(number)),
            attributes: String::new(),
            profile: None,
            requester: None,
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::failed(error.to_string()))?;
    let begun = Instant::now();
    let done = runtime.block_on(async {
        let callers = bodies.into_iter().map(|body| {
            let client = Client::unix(&socket);
            tokio::spawn(async move {
                let mut done = 0_u64;
                while begun.elapsed() < time {
                    let outcome: Outcome =
                        client.post("/v1/requests", &body).await.map_err(|error| Error::failed(error.to_string()))?;
                    if outcome.certificate.is_none() {
                        return Err(Error::failed(format!("a request was not issued: {}", outcome.message)));
                    }
                    done += 1;
                }
                Ok::<u64, Error>(done)
            })
        });
        let callers: Vec<_> = callers.collect();
        let mut sum = 0;
        for caller in callers {
            sum += caller.await.map_err(|error| Error::failed(error.to_string()))??;
        }
        Ok::<u64, Error>(sum)
    })?;
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// One program that never answers, and one that ends as soon as it is told of an event.
fn install_misbehaving(subject: &Subject) -> Result<(), Error> {
    let hung = r#"["sh", "-c", "read -r line; printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"protocol\":1,\"description\":\"hangs\",\"events\":639}}\\n' \"$(printf %s \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/')\"; exec sleep 1000"]"#;
    let crashing = r#"["sh", "-c", "read -r line; printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"protocol\":1,\"description\":\"crashes\",\"events\":639}}\\n' \"$(printf %s \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/')\"; read -r line; exit 1"]"#;
    for (name, command) in [("hung", hung), ("crashing", crashing)] {
        let settings = Settings::from_iter([("command", command)]);
        let new = NewModule {
            name: name.into(),
            kind: "process".into(),
            role: Role::Exit,
            settings,
            options: ModuleOptions::default(),
            start: StartFrom::Now,
            position: None,
        };
        subject.engine()?.add_module(&subject.by()?, new)?;
    }
    // Measured is what they do to issuance, not how they start.
    let deadline = Instant::now() + STARTED_WITHIN;
    let by = subject.by::<right::Read>()?;
    for name in ["hung", "crashing"] {
        while subject.engine()?.module(&by, name)?.mask.is_empty() {
            if Instant::now() > deadline {
                return Err(Error::failed(format!("the module `{name}` does not start")));
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
    Ok(())
}

fn remove_misbehaving(subject: &Subject) -> Result<(), Error> {
    let engine = Arc::clone(subject.engine()?);
    for name in ["hung", "crashing"] {
        engine.remove_module(&subject.by()?, name)?;
    }
    Ok(())
}

//! The server's own log: structured lines on standard error, whose level can change while it runs.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::Error;
use crate::config::{Log, LogFormat};

/// Changes the level of the running log.
#[derive(Clone, Debug)]
pub struct LogHandle {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// Starts the log of this process. `EXEUNT_LOG` goes before the configured level.
///
/// # Errors
/// The filter is not one, or the process has a log already.
pub fn start(log: &Log) -> Result<LogHandle, Error> {
    let (filter, handle) = reload::Layer::new(filter(log)?);
    let layer = match log.format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            fmt::layer().with_writer(std::io::stderr).with_ansi(colours).boxed()
        }
        LogFormat::Json => {
            fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(std::io::stderr).boxed()
        }
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init()
        .map_err(|error| Error::failed(format!("the log cannot be started: {error}")))?;
    Ok(LogHandle { filter: handle })
}

impl LogHandle {
    /// Takes up the level of a configuration that was read again.
    ///
    /// # Errors
    /// The filter is not one.
    pub fn set(&self, log: &Log) -> Result<(), Error> {
        let filter = filter(log)?;
        self.filter.reload(filter).map_err(|error| Error::failed(format!("the log level cannot be changed: {error}")))
    }
}

fn filter(log: &Log) -> Result<EnvFilter, Error> {
    let text = std::env::var("EXEUNT_LOG").ok().filter(|text| !text.is_empty()).unwrap_or_else(|| log.filter.clone());
    EnvFilter::builder().parse(&text).map_err(|error| Error::usage(format!("`{text}` is not a log level: {error}")))
}

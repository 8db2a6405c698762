//! The client for callers that are not async: command-line tools, tests.

use std::future::Future;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use hyper::body::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use super::{Error, TlsClientFiles};
use crate::model::Progress;

/// [`super::Client`] on a runtime of its own. Not to be used on an async thread.
#[derive(Debug)]
pub struct Client {
    client: super::Client,
    runtime: Runtime,
}

impl Client {
    /// See [`super::Client::unix`].
    ///
    /// # Errors
    /// [`Error::Local`] where the operating system has no descriptors left.
    pub fn unix(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::new(super::Client::unix(path))
    }

    /// See [`super::Client::tls`].
    pub fn tls(url: &str, files: &TlsClientFiles) -> Result<Self, Error> {
        Self::new(super::Client::tls(url, files)?)
    }

    fn new(client: super::Client) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Local(format!("no runtime: {error}")))?;
        Ok(Self { client, runtime })
    }

    /// See [`super::Client::with_timeout`].
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { client: self.client.with_timeout(timeout), runtime: self.runtime }
    }

    /// Where the server is looked for.
    pub fn server(&self) -> &str {
        self.client.server()
    }

    /// See [`super::Client::get`].
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.wait(self.client.get(path))
    }

    /// See [`super::Client::post`].
    pub fn post<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.wait(self.client.post(path, body))
    }

    /// See [`super::Client::act`].
    pub fn act<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.wait(self.client.act(path))
    }

    /// See [`super::Client::order`].
    pub fn order(&self, path: &str) -> Result<(), Error> {
        self.wait(self.client.order(path))
    }

    /// See [`super::Client::order_with`].
    pub fn order_with<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Result<(), Error> {
        self.wait(self.client.order_with(path, body))
    }

    /// See [`super::Client::post_bytes`].
    pub fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        media_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<T, Error> {
        self.wait(self.client.post_bytes(path, media_type, body))
    }

    /// See [`super::Client::patch`].
    pub fn patch<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.wait(self.client.patch(path, body))
    }

    /// See [`super::Client::delete`].
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        self.wait(self.client.delete(path))
    }

    /// See [`super::Client::fetch`].
    pub fn fetch(&self, path: &str, media_type: &'static str) -> Result<Bytes, Error> {
        self.wait(self.client.fetch(path, media_type))
    }

    /// See [`super::Client::download`].
    pub fn download(
        &self,
        path: &str,
        media_type: &'static str,
        out: &mut (dyn std::io::Write + Send),
    ) -> Result<u64, Error> {
        self.wait(self.client.download(path, media_type, out))
    }

    /// See [`super::Client::post_with_progress`].
    pub fn post_with_progress<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&B>,
        progress: impl FnMut(Progress),
    ) -> Result<T, Error> {
        self.wait(self.client.post_with_progress(path, body, progress))
    }

    /// See [`super::Client::follow`].
    pub fn follow<T: DeserializeOwned>(&self, path: &str, each: impl FnMut(T) -> ControlFlow<()>) -> Result<(), Error> {
        self.wait(self.client.follow(path, each))
    }

    fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }
}

//! The way to the server, and what its errors mean for an operator.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::PathBuf;

use frontends::client::blocking::Client;
use frontends::client::{self, TlsClientFiles};
use frontends::model::{Problem, Progress};
use frontends::problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Context;
use crate::Error;
use crate::error::Kind;
use crate::folder::FolderLock;

/// A connection to the admin API, made at the first call.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    /// How the server is started, where it is one of this machine.
    start: Option<String>,
}

/// Where a command does its work.
#[derive(Debug)]
pub enum Place {
    /// At the server that runs.
    Server(Box<Connection>),
    /// On the data folder: no server runs, and none can start meanwhile.
    Folder(FolderLock),
}

impl Context {
    /// The way to the server: `--url`, else `--socket`, else the configured socket.
    pub(super) fn connect(&self) -> Result<Connection, Error> {
        let globals = self.globals();
        if let Some(url) = &globals.url {
            let missing = || Error::usage("--url needs --tls-certificate, --tls-key and --tls-roots");
            let files = TlsClientFiles {
                roots: globals.tls_roots.clone().ok_or_else(missing)?,
                certificate: globals.tls_certificate.clone().ok_or_else(missing)?,
                key: globals.tls_key.clone().ok_or_else(missing)?,
            };
            let client = Client::tls(url, &files).map_err(|error| translate(error, None))?;
            return Ok(Connection { client, start: None });
        }
        let socket = match &globals.socket {
            Some(socket) => socket.clone(),
            None => self.configured_socket()?,
        };
        let client = Client::unix(socket).map_err(|error| translate(error, None))?;
        let data = globals.data.as_ref().map(|data| format!(" --data {}", data.display()));
        let config = globals.config.as_ref().map(|config| format!(" --config {}", config.display()));
        let start = format!("exeunt serve{}{}", data.unwrap_or_default(), config.unwrap_or_default());
        Ok(Connection { client, start: Some(start) })
    }

    fn configured_socket(&self) -> Result<PathBuf, Error> {
        let resolved = self.configuration().map_err(|error| match error.kind {
            Kind::NotFound => error.next(
                "say where the server is: --data DIR, --socket PATH or --url URL; or make an authority: exeunt init, or \
                 for a look exeunt serve",
            ),
            Kind::AccessDenied => error.next(
                "ask as the server's user, or as one who may reach its socket: --socket PATH, or --url URL",
            ),
            Kind::Failed => error.next("say where the server is: --data DIR, --socket PATH or --url URL"),
            _ => error,
        })?;
        resolved.admin.socket.ok_or_else(|| {
            Error::usage("the configuration has no admin socket").next("reach the server by --url https://HOST:PORT")
        })
    }

    /// The server, where one runs (or is named); else the data folder.
    pub(super) fn place(&self) -> Result<Place, Error> {
        if self.globals().url.is_some() || self.globals().socket.is_some() {
            return Ok(Place::Server(Box::new(self.connect()?)));
        }
        // A folder without a configuration is nobody's: `configuration` says so.
        self.configuration()?;
        match self.folder()?.lock() {
            Ok(lock) => Ok(Place::Folder(lock)),
            Err(error) if error.kind == Kind::Conflict => Ok(Place::Server(Box::new(self.connect()?))),
            Err(error) => Err(error),
        }
    }
}

impl Connection {
    /// `GET`.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.client.get(path).map_err(|error| self.explain(path, error))
    }

    /// `GET` of rows without end, one after the other, until `each` has enough or the server stops.
    pub fn follow<T: DeserializeOwned>(&self, path: &str, each: impl FnMut(T) -> ControlFlow<()>) -> Result<(), Error> {
        self.client.follow(path, each).map_err(|error| self.explain(path, error))
    }

    /// `POST` with a body.
    pub fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.client.post(path, body).map_err(|error| self.explain(path, error))
    }

    /// `POST` without a body.
    pub fn act<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.client.act(path).map_err(|error| self.explain(path, error))
    }

    /// `POST` without a body, whose answer is of no interest.
    pub fn order(&self, path: &str) -> Result<(), Error> {
        self.client.order(path).map_err(|error| self.explain(path, error))
    }

    /// `POST` with a body, whose answer is of no interest.
    pub fn order_with<B: Serialize>(&self, path: &str, body: &B) -> Result<(), Error> {
        self.client.order_with(path, body).map_err(|error| self.explain(path, error))
    }

    /// `PATCH`.
    pub fn patch<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.client.patch(path, body).map_err(|error| self.explain(path, error))
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        self.client.delete(path).map_err(|error| self.explain(path, error))
    }

    /// `GET` of a document of some media type.
    pub fn fetch(&self, path: &str, media_type: &'static str) -> Result<Vec<u8>, Error> {
        self.client.fetch(path, media_type).map(Into::into).map_err(|error| self.explain(path, error))
    }

    /// `POST` of an act that tells how far it is.
    pub fn watch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&B>,
        progress: impl FnMut(Progress),
    ) -> Result<T, Error> {
        self.client.post_with_progress(path, body, progress).map_err(|error| self.explain(path, error))
    }

    fn explain(&self, path: &str, error: client::Error) -> Error {
        let error = translate(error, self.start.as_deref());
        match error.kind {
            Kind::NotFound if error.next.is_empty() => error.next(whereabouts(path)),
            _ => error,
        }
    }
}

fn translate(error: client::Error, start: Option<&str>) -> Error {
    let message = error.to_string();
    match error {
        client::Error::Unreachable { server, kind, .. } => {
            let error = match kind {
                Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) if start.is_some() => {
                    Error::new(Kind::Unavailable, format!("no server runs at {server}"))
                }
                Some(ErrorKind::PermissionDenied) => Error::new(Kind::AccessDenied, message),
                _ => Error::new(Kind::Unavailable, message),
            };
            let denied = error.kind == Kind::AccessDenied;
            match start {
                Some(_) if denied => error
                    .next("the socket's group may connect: ask its administrator to add you, or run as another user"),
                Some(start) => error.next(format!("start it with: {start}")),
                None => error.next("check the URL, and whether the server runs and can be reached from here"),
            }
        }
        client::Error::Problem(problem) => of_problem(&problem),
        client::Error::Broken { .. } => {
            Error::new(Kind::Unavailable, message).next("the act may have been carried out: look before you repeat it")
        }
        client::Error::Protocol { .. } => Error::failed(message).next("is it an Exeunt server, of this version?"),
        client::Error::Local(_) => Error::usage(message),
    }
}

/// Where to look for what was not found behind a path of the admin API.
fn whereabouts(path: &str) -> String {
    let mut segments = path.split(['/', '?']).skip(2);
    match (segments.next(), segments.next(), segments.next()) {
        (Some("modules"), Some(name), Some("deliveries")) => {
            format!("what waits and what is parked: exeunt module events {}", name)
        }
        (Some("modules"), Some(name), Some("rollback")) => format!("its versions: exeunt module show {}", name),
        (Some("modules"), ..) => "what there is: exeunt module list".to_owned(),
        (Some("requests"), ..) => "what there is: exeunt request list".to_owned(),
        (Some("certificates"), ..) => "what there is: exeunt certificate list".to_owned(),
        _ => String::new(),
    }
}

fn of_problem(problem: &Problem) -> Error {
    use problem::Kind as P;
    let (kind, next) = match problem.known_kind() {
        Some(P::Refused | P::Malformed) => (Kind::Refused, ""),
        Some(P::AccessDenied) => (Kind::AccessDenied, "roles are shared out in the configuration's section [roles]"),
        Some(P::RoleConflict) => (Kind::AccessDenied, "hold one role only, or set separation = false in [roles]"),
        Some(P::NotFound) => (Kind::NotFound, ""),
        Some(P::Conflict) => (Kind::Conflict, ""),
        Some(P::Unavailable | P::Overloaded | P::Timeout) => (Kind::Unavailable, "try again later"),
        Some(P::Internal) => (Kind::Failed, "see the server's log"),
        Some(P::TooLarge) => (Kind::Refused, "see [limits] in the configuration"),
        Some(P::UnsupportedMediaType | P::NotAcceptable | P::MethodNotAllowed) | None => {
            (Kind::Failed, "is the server of the same version as this program?")
        }
    };
    Error::new(kind, problem.detail.clone()).next(next).code(problem.code.0)
}

#[cfg(test)]
mod tests {
    use super::whereabouts;

    #[test]
    fn what_was_not_found_leads_to_a_list() {
        for (path, next) in [
            ("/v1/modules/tell", "exeunt module list"),
            ("/v1/modules/tell/enable", "exeunt module list"),
            ("/v1/modules/tell/deliveries/7/retry", "exeunt module events tell"),
            ("/v1/modules/tell/rollback", "exeunt module show tell"),
            ("/v1/requests/7", "exeunt request list"),
            ("/v1/certificates/1a2b?pem=true", "exeunt certificate list"),
        ] {
            assert!(whereabouts(path).ends_with(next), "{path}: {}", whereabouts(path));
        }
        assert_eq!(whereabouts("/v1/crls/7"), "");
    }
}

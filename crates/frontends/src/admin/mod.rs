//! The admin API: HTTP and JSON under `/v1`.
//!
//! | Method and path | Right | Body | Answer |
//! |---|---|---|---|
//! | `POST /v1/requests` | enrol | `Submission`, or a raw `application/pkcs10` or `application/x-pem-file` with `?attributes=&profile=&requester=` | `Outcome` (201 issued, 202 pending, 200 denied or failed) |
//! | `GET /v1/requests?filter=&order=&after=&limit=&bodies=` | read | | `List<Request>` |
//! | `GET /v1/requests/{id}` | read | | `Request` |
//! | `GET /v1/requests/{id}/certificate` | enrol | | `Outcome`, or the certificate as PEM or DER by `Accept` |
//! | `POST /v1/requests/{id}/approve` | manage certificates | | `Outcome` |
//! | `POST /v1/requests/{id}/deny` | manage certificates | | `Outcome` |
//! | `POST /v1/requests/{id}/attributes` | manage certificates | `AttributeText` | `Request` |
//! | `POST /v1/requests/{id}/extensions` | manage certificates | `ExtensionOrder` | `Request` |
//! | `GET /v1/certificates?filter=&order=&after=&limit=&bodies=` | read | | `List<Request>` |
//! | `POST /v1/certificates` | manage certificates | `CertificateImport`, or a raw `application/pkix-cert` or `application/x-pem-file` with `?foreign=&existing_row=` | `Outcome` |
//! | `GET /v1/certificates/{serial}` | read | | `Request`, or the certificate as PEM or DER by `Accept` |
//! | `POST /v1/certificates/{serial}/revoke` | manage certificates | `RevocationOrder` | `Request` |
//! | `POST /v1/certificates/{serial}/release` | manage certificates | | `Request` |
//! | `POST /v1/certificates/{serial}/publish-expired` | manage certificates | `PublishExpired` | `Request` |
//! | `GET /v1/ca` | any caller | | `Authority` |
//! | `GET /v1/ca/certificates/{index}` | any caller | | `CaCertificate`, or PEM (with its chain) or DER by `Accept` |
//! | `POST /v1/ca/certificates` | administer | `CaCertificateText`, or raw `application/pkix-cert`, `application/x-pem-file` | `Authority` |
//! | `GET /v1/crls?limit=` | read | | `List<Crl>`, newest first |
//! | `POST /v1/crls` | administer | `PublicationOrder` | `Publication`, or NDJSON `Line<Publication>` |
//! | `GET /v1/crls/newest?key=&kind=` | any caller | | `Crl`, or its bytes (`application/pkix-crl`) by `Accept` |
//! | `GET /v1/crls/{number}?key=&kind=` | read | | `Crl`, or its bytes by `Accept` |
//! | `GET /v1/module-kinds` | read | | `List<ModuleKind>` |
//! | `GET /v1/modules` | read | | `List<Module>` |
//! | `POST /v1/modules` | administer | `NewModule` | `Module` (201) |
//! | `GET /v1/modules/{name}` | read | | `Module` |
//! | `PATCH /v1/modules/{name}` | administer | `ModuleChange` | `Module` |
//! | `DELETE /v1/modules/{name}` | administer | | 204 |
//! | `POST /v1/modules/{name}/enable`, `/disable` | administer | | `Module` |
//! | `POST /v1/modules/{name}/upgrade` | administer | `ModuleUpgrade` | `Module` |
//! | `POST /v1/modules/{name}/promote` | administer | | `Module` |
//! | `POST /v1/modules/{name}/rollback` | administer | `Rollback` | `Module` |
//! | `POST /v1/modules/{name}/rewind` | administer | `Rewind` | `Module` |
//! | `GET /v1/modules/{name}/deliveries?after=&limit=` | read | | `List<Delivery>` |
//! | `POST /v1/modules/{name}/deliveries/{event}/retry`, `/drop` | administer | | 204 |
//! | `GET /v1/events?after=&limit=&kinds=` | read | | `List<Event>`; with `Accept: application/x-ndjson` or `text/event-stream` every event after, and then each as it comes |
//! | `GET /v1/notifications?from=&after=&limit=&kinds=` | read | | `Notifications`: events as exit modules are told them |
//! | `GET /v1/audit?after=&limit=` | audit | | `List<AuditEntry>` |
//! | `POST /v1/audit/verify` | audit | | `AuditReport`, or NDJSON `Line<AuditReport>` |
//! | `POST /v1/database/check` | operate | | `DatabaseReport`, or NDJSON `Line<DatabaseReport>` |
//! | `POST /v1/database/backup` | operate | `BackupOrder` | 204 |
//! | `GET /v1/server` | any caller | | `Server` |
//! | `GET /v1/me` | any caller | | `Me` |
//! | `POST /v1/server/stop` | operate | | 202 |
//! | `POST /v1/server/reload` | administer | | 204: certificates and keys of the listeners read again |
//! | `GET /v1/openapi.json` | any caller | | the OpenAPI 3.1 document |
//! | `GET /healthz`, `GET /readyz`, `GET /metrics` | none | | text; `Readiness`; Prometheus text |

mod accept;
mod audit;
mod authority;
mod certificates;
mod crls;
mod database;
mod document;
mod events;
mod extract;
mod lines;
mod modules;
pub mod openapi;
mod requests;
mod server;
mod told;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use engine::Engine;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::heads::Heads;
use crate::listen::Certificates;
use crate::model::{ModuleKind, Problem};
use crate::problem::Kind;
use crate::{Calls, Limits};

/// Rows of a page, where the client does not say.
const PAGE_ROWS_DEFAULT: u32 = 100;
/// Rows of a page at most.
const PAGE_ROWS_MAX: u32 = 1_000;

/// What the handlers work with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Admin(Arc<Parts>);

/// The parts of [`Admin`].
pub(crate) struct Parts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) calls: Calls,
    pub(crate) limits: Arc<Limits>,
    pub(crate) module_kinds: Vec<ModuleKind>,
    pub(crate) heads: Heads,
    /// Becomes true when the server stops: answers without end are ended.
    pub(crate) stop: watch::Receiver<bool>,
    /// Asks the process to stop.
    pub(crate) ask_to_stop: Box<dyn Fn() + Send + Sync>,
    pub(crate) certificates: Vec<Certificates>,
    pub(crate) version: String,
    pub(crate) started: Timestamp,
}

/// The admin API's routes.
pub(crate) fn router(parts: Parts) -> Router {
    openapi::router()
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Admin(Arc::new(parts)))
}

impl Admin {
    /// Runs an engine call when its turn has come.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Engine) -> Result<T, engine::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let engine = Arc::clone(&self.0.engine);
        self.0.calls.run(move || call(&engine)).await
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn engine_handle(&self) -> Arc<Engine> {
        Arc::clone(&self.0.engine)
    }

    fn calls(&self) -> &Calls {
        &self.0.calls
    }

    fn limits(&self) -> &Limits {
        &self.0.limits
    }

    fn module_kinds(&self) -> &[ModuleKind] {
        &self.0.module_kinds
    }

    fn heads(&self) -> &Heads {
        &self.0.heads
    }

    fn stop(&self) -> watch::Receiver<bool> {
        self.0.stop.clone()
    }

    fn ask_to_stop(&self) {
        (self.0.ask_to_stop)();
    }

    fn certificates(&self) -> &[Certificates] {
        &self.0.certificates
    }

    fn version(&self) -> &str {
        &self.0.version
    }

    fn started(&self) -> Timestamp {
        self.0.started
    }
}

async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(Kind::NotFound, format!("there is nothing at {}", uri.path()))
}

async fn no_such_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::MethodNotAllowed, format!("{method} is not for {}", uri.path()))
}

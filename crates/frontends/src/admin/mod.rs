//! The admin API: HTTP and JSON under `/v1`.
//!
//! | Method and path | Right | Body | Answer |
//! |---|---|---|---|
//! | `POST /v1/requests` | enrol | `Submission`, or a raw `application/pkcs10` with `?attributes=&profile=&requester=` | `Outcome` (201 issued, 202 pending, 200 denied or failed) |
//! | `GET /v1/requests?filter=&order=&after=&limit=&bodies=` | read | | `List<Request>` |
//! | `GET /v1/requests/{id}` | read | | `Request` |
//! | `GET /v1/requests/{id}/certificate` | enrol | | `Outcome`, or the certificate as PEM or DER by `Accept` |
//! | `POST /v1/requests/{id}/approve` | manage certificates | | `Outcome` |
//! | `POST /v1/requests/{id}/deny` | manage certificates | | `Outcome` |
//! | `POST /v1/requests/{id}/attributes` | manage certificates | `AttributeText` | `Request` |
//! | `POST /v1/requests/{id}/extensions` | manage certificates | `ExtensionOrder` | `Request` |
//! | `GET /v1/certificates?filter=&order=&after=&limit=&bodies=` | read | | `List<Request>` |
//! | `POST /v1/certificates` | manage certificates | `CertificateImport`, or a raw `application/pkix-cert` with `?foreign=&existing_row=` | `Outcome` |
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
//! | `POST /v1/modules/{name}/rewind` | administer | `Rewind` | `Module` |
//! | `GET /v1/modules/{name}/deliveries?after=&limit=` | read | | `List<Delivery>` |
//! | `POST /v1/modules/{name}/deliveries/{event}/retry`, `/drop` | administer | | 204 |
//! | `GET /v1/events?after=&limit=` | read | | `List<Event>`; with `Accept: application/x-ndjson` or `text/event-stream` every event after, and then each as it comes |
//! | `GET /v1/audit?after=&limit=` | audit | | `List<AuditEntry>` |
//! | `POST /v1/audit/verify` | audit | | `AuditReport`, or NDJSON `Line<AuditReport>` |
//! | `POST /v1/database/check` | operate | | `DatabaseReport`, or NDJSON `Line<DatabaseReport>` |
//! | `GET /v1/server` | any caller | | `Server` |
//! | `GET /v1/me` | any caller | | `Me` |
//! | `POST /v1/server/stop` | operate | | 202 |
//! | `POST /v1/server/reload` | administer | | 204: certificates and keys of the listeners read again |
//! | `GET /v1/openapi.json` | any caller | | the OpenAPI 3.1 document |
//! | `GET /healthz`, `GET /readyz`, `GET /metrics` | none | | text; `Readiness`; Prometheus text |

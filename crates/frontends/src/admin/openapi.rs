//! The OpenAPI 3.1 document: made from the handlers that answer.

use std::collections::BTreeMap;

use axum::Router;
use serde_json::{Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::SecurityScheme;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Admin, audit, authority, certificates, crls, database, events, modules, requests, server, told};
use crate::model::Problem;

/// The document, as it is served at `/v1/openapi.json`.
pub fn document() -> String {
    let (_, document) = routes().split_for_parts();
    let mut document = serde_json::to_value(document).expect("the document is text");
    name_operations(&mut document);
    share_schemas(&mut document);
    let mut json = serde_json::to_string_pretty(&document).expect("the document is text");
    json.push('\n');
    json
}

/// Gives each operation a name of its own: its tag and its handler, `requests_list`.
fn name_operations(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    for operation in operations.flat_map(|operations| operations.values_mut()) {
        let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
        let handler = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
        let name = format!("{tag}_{handler}");
        if let Some(id) = operation.get_mut("operationId") {
            *id = name.into();
        }
    }
}

/// The schemas of lists and lines repeat those of their rows: puts references in their place.
fn share_schemas(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let row = name.strip_prefix("List_").or_else(|| name.strip_prefix("Line_"));
        let Some((row, schema)) = row.and_then(|row| Some((row, schemas.get(row)?.clone()))) else { continue };
        if let Some(outer) = schemas.get_mut(&name) {
            replace(outer, &schema, &json!({ "$ref": format!("#/components/schemas/{row}") }));
        }
    }
}

/// Replaces every part of `value` that equals `old`.
fn replace(value: &mut Value, old: &Value, new: &Value) {
    if value == old {
        *value = new.clone();
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, old, new)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, old, new)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The routes, without their state.
pub(super) fn router() -> Router<Admin> {
    routes().split_for_parts().0
}

fn routes() -> OpenApiRouter<Admin> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(requests::submit, requests::list))
        .routes(routes!(requests::show))
        .routes(routes!(requests::retrieve))
        .routes(routes!(requests::approve))
        .routes(routes!(requests::deny))
        .routes(routes!(requests::set_attributes))
        .routes(routes!(requests::set_extension))
        .routes(routes!(certificates::list, certificates::import))
        .routes(routes!(certificates::show))
        .routes(routes!(certificates::revoke))
        .routes(routes!(certificates::release))
        .routes(routes!(certificates::publish_expired))
        .routes(routes!(authority::show))
        .routes(routes!(authority::certificate))
        .routes(routes!(authority::install))
        .routes(routes!(crls::list, crls::publish))
        .routes(routes!(crls::newest))
        .routes(routes!(crls::show))
        .routes(routes!(modules::kinds))
        .routes(routes!(modules::list, modules::add))
        .routes(routes!(modules::show, modules::change, modules::remove))
        .routes(routes!(modules::enable))
        .routes(routes!(modules::disable))
        .routes(routes!(modules::upgrade))
        .routes(routes!(modules::promote))
        .routes(routes!(modules::roll_back))
        .routes(routes!(modules::rewind))
        .routes(routes!(modules::deliveries))
        .routes(routes!(modules::retry))
        .routes(routes!(modules::give_up))
        .routes(routes!(events::list))
        .routes(routes!(told::notifications))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(database::check))
        .routes(routes!(database::back_up))
        .routes(routes!(server::show))
        .routes(routes!(server::me))
        .routes(routes!(server::stop))
        .routes(routes!(server::reload))
        .routes(routes!(server::openapi_json))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Exeunt admin API",
        version = "1",
        description = "Everything an operator does with a certification authority, over its Unix socket or TLS with a \
                       client certificate. Moments are RFC 3339 in UTC, bytes base64, serial numbers and hashes hex, \
                       HRESULTs `0x80094003`. Errors are problems (RFC 9457).",
        license(name = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "requests", description = "Certificate requests"),
        (name = "certificates", description = "Certificates"),
        (name = "authority", description = "The certification authority"),
        (name = "crls", description = "Certificate revocation lists"),
        (name = "modules", description = "Exit and policy modules"),
        (name = "events", description = "Events"),
        (name = "audit", description = "The audit trail"),
        (name = "server", description = "The server"),
    ),
    components(schemas(Problem)),
    modifiers(&ClientCertificate),
)]
struct Description;

/// How callers over TLS are known. On the Unix socket the operating system says who calls.
struct ClientCertificate;

impl Modify for ClientCertificate {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::MutualTls {
            description: Some("A client certificate under the configured roots.".into()),
            deprecated: None,
            extensions: None,
        };
        if let Some(components) = &mut document.components {
            components.security_schemes.insert("client-certificate".into(), RefOr::T(scheme));
        }
    }
}

/// What every call may answer besides.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new()
            .description("The call was not carried out")
            .content(crate::problem::MEDIA_TYPE, content)
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(response))])
    }
}

/// Bytes as they are.
pub(super) struct Binary;

impl utoipa::PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Binary {}

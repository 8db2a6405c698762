//! The server and its callers.

use std::collections::BTreeMap;

use engine::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};

/// The running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// The version of the software.
    pub version: String,
    /// The certification authority's common name.
    pub authority: String,
    /// When it started.
    pub started: Timestamp,
}

/// The caller, as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The authenticated name: `unix:alice`, `cert:CN=Alice,O=Example`.
    pub name: String,
    /// Groups, in the same notation.
    pub groups: Vec<String>,
    /// The roles held.
    #[schema(schema_with = roles)]
    pub roles: Vec<Role>,
    /// Whether role separation is on: whoever holds two administrative roles can use none.
    pub role_separation: bool,
}

/// Whether the server can issue now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether it can.
    pub ready: bool,
    /// What was looked at, and what is wrong with it (`ok` where nothing is).
    pub checks: BTreeMap<String, String>,
}

/// What a check of the database found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseReport {
    /// What is wrong; empty where nothing is.
    pub problems: Vec<String>,
}

/// Where the database is to be copied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupOrder {
    /// A new file on the server: an absolute path.
    pub file: String,
}

/// The schema of a text that is one of these words.
pub(super) fn words<const N: usize>(words: [&'static str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn roles() -> Array {
    ArrayBuilder::new().items(words(Role::ALL.map(Role::name))).build()
}

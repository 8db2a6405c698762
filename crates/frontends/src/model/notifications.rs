//! Events as exit modules are told them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A page of events as exit modules are told them: what `exeunt module record` writes to a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notifications {
    /// The authority's common name.
    pub ca: String,
    /// The authority's properties, as `initialize` of the module protocol has them.
    #[schema(value_type = Object)]
    pub properties: Value,
    /// The events of this page: the parameters of `notify` of the module protocol, and with `names` those of the attributes in
    /// their order. `asked`, where an event is the first decision on a request, is the request as policy was asked about it
    /// (`request`, `certificate`, `attributes` and `extensions` of `verify_request`). `crls`, where an event reports CRLs, says
    /// what `RawCRL.0` and the like were: `number`, `key`, `kind`, `size`, `sha256`, and `kept` where `/v1/crls/{number}` has it.
    #[schema(value_type = Vec<Object>)]
    pub items: Vec<Value>,
    /// What to pass as `after` for the next page; left out on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

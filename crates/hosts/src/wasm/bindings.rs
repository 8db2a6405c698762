//! What the worlds of `sdk/wit` are in Rust, generated. One interface has one type, whichever world it is used in.

#![allow(missing_docs, clippy::all, clippy::indexing_slicing, reason = "generated")]

pub(super) mod exit {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "exeunt:modules/exit",
        imports: { default: async },
        exports: { default: async },
    });
}

pub(super) mod policy {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "exeunt:modules/policy",
        imports: { default: async },
        exports: { default: async },
        with: {
            "exeunt:modules/types": super::exit::exeunt::modules::types,
            "exeunt:modules/server": super::exit::exeunt::modules::server,
        },
    });
}

pub(super) use exit::exeunt::modules::{server, types};
pub(super) use policy::exeunt::modules::server_policy;

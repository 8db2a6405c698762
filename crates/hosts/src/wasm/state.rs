//! What the host keeps for one instance, and the functions it gives to the guest.

use module::property;
use module::{CertificateExtension, ExtensionFlags};
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::bindings::{server, server_policy, types};
use super::contract;
use super::desk::Desk;
use super::voice::Voice;
use crate::process::log::Level;

/// Open files, streams, sockets and the like of one instance.
const RESOURCES_MAX: usize = 1024;

/// Entries of one table of functions.
const TABLE_ENTRIES_MAX: usize = 1_000_000;

/// Core instances, tables and memories that one component is made of, each.
const PARTS_MAX: usize = 256;

/// One instance's part of the host.
pub(super) struct State {
    world: WasiCtx,
    resources: ResourceTable,
    pub(super) memory: Memory,
    pub(super) desk: Desk,
    pub(super) stdout: Voice,
    pub(super) stderr: Voice,
}

impl State {
    pub(super) fn new(world: WasiCtx, memory_bytes_max: usize, stdout: Voice, stderr: Voice) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(RESOURCES_MAX);
        let memory = Memory { bytes_max: memory_bytes_max, used: 0, refused: false };
        Self { world, resources, memory, desk: Desk::default(), stdout, stderr }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.world, table: &mut self.resources }
    }
}

/// The memory of an instance: all its linear memories together. What is above the limit is refused; a guest that can do
/// without goes on.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) bytes_max: usize,
    pub(super) used: usize,
    /// Whether the guest was refused any since this was last looked at.
    pub(super) refused: bool,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.bytes_max {
            self.refused = true;
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ENTRIES_MAX)
    }

    fn instances(&self) -> usize {
        PARTS_MAX
    }

    fn tables(&self) -> usize {
        PARTS_MAX
    }

    fn memories(&self) -> usize {
        PARTS_MAX
    }
}

impl types::Host for State {}

impl server::Host for State {
    async fn request_property(
        &mut self,
        name: String,
        kind: types::PropertyType,
    ) -> Result<types::Value, types::ModuleError> {
        let kind = contract::property_type(kind);
        let value = self.desk.ask(move |view| view.request()?.request_property(&name, kind)).await;
        value.map(contract::to_guest).map_err(contract::error_to_guest)
    }

    async fn certificate_property(
        &mut self,
        name: String,
        kind: types::PropertyType,
    ) -> Result<types::Value, types::ModuleError> {
        let kind = contract::property_type(kind);
        let value = self.desk.ask(move |view| view.certificate_property(&name, kind)).await;
        value.map(contract::to_guest).map_err(contract::error_to_guest)
    }

    async fn request_attribute(&mut self, name: String) -> Result<String, types::ModuleError> {
        let value = self.desk.ask(move |view| view.request()?.request_attribute(&name)).await;
        value.map_err(contract::error_to_guest)
    }

    async fn certificate_extension(&mut self, oid: String) -> Result<types::Extension, types::ModuleError> {
        let extension = self.desk.ask(move |view| view.request()?.certificate_extension(&oid)).await;
        extension.map(contract::extension).map_err(contract::error_to_guest)
    }

    async fn certificate_extension_value(
        &mut self,
        oid: String,
        kind: types::PropertyType,
    ) -> Result<types::Value, types::ModuleError> {
        let kind = contract::property_type(kind);
        let read = move |extension: CertificateExtension| property::decode_extension(&extension, kind);
        let value = self.desk.ask(move |view| view.request()?.certificate_extension(&oid).and_then(read)).await;
        value.map(contract::to_guest).map_err(contract::error_to_guest)
    }

    async fn extensions(&mut self) -> Result<Vec<String>, types::ModuleError> {
        self.desk.ask(|view| view.request()?.extensions()).await.map_err(contract::error_to_guest)
    }

    async fn attributes(&mut self) -> Result<Vec<String>, types::ModuleError> {
        self.desk.ask(|view| view.request()?.attributes()).await.map_err(contract::error_to_guest)
    }

    async fn log(&mut self, level: types::Level, text: String) {
        let level = match level {
            types::Level::Error => Level::Error,
            types::Level::Warn => Level::Warn,
            types::Level::Info => Level::Info,
            types::Level::Debug => Level::Debug,
            types::Level::Trace => Level::Trace,
        };
        self.stderr.say(level, &text);
    }
}

impl server_policy::Host for State {
    async fn set_certificate_property(
        &mut self,
        name: String,
        value: Option<types::Value>,
    ) -> Result<(), types::ModuleError> {
        let set = self.desk.ask(move |view| {
            let value = value.map(contract::from_guest).transpose()?;
            view.writer()?.set_certificate_property(&name, value)
        });
        set.await.map_err(contract::error_to_guest)
    }

    async fn set_certificate_extension(
        &mut self,
        oid: String,
        flags: u32,
        value: types::Value,
    ) -> Result<(), types::ModuleError> {
        let set = self.desk.ask(move |view| {
            let flags = ExtensionFlags::from_bits_retain(flags & ExtensionFlags::POLICY_MASK);
            let value = property::encode_extension(&contract::from_guest(value)?)?;
            view.writer()?.set_certificate_extension(CertificateExtension { oid, flags, value })
        });
        set.await.map_err(contract::error_to_guest)
    }
}

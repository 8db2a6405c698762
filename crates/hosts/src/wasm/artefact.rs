//! Components, compiled: once for each process that uses them, and once for all where a directory keeps what was compiled.
//!
//! What is compiled is machine code, and the server runs it. So an artefact is only taken from a directory that belongs to
//! the server's account and that nobody else can enter, and only if it carries a code that was made with the directory's
//! own key, over the artefact, the component it was compiled from and the engine it is for. Anything else is compiled anew.

mod seal;
mod shelf;

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};
use std::time::Instant;

use aws_lc_rs::digest;
use module::{HResult, ModuleError};
use parking_lot::Mutex;
use wasmtime::component::Component;

use super::machine::Machine;
use shelf::Shelf;

/// The longest component.
const COMPONENT_BYTES_MAX: u64 = 256 << 20;

/// What an artefact was compiled from, and for which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Identity {
    component: [u8; digest::SHA256_OUTPUT_LEN],
    machine: Machine,
    /// Of the engine's version and configuration.
    engine: u64,
}

/// The compiled component of this file: one that is in use already, one that was kept in `cache`, or compiled now.
pub(super) fn component(path: &Path, machine: Machine, cache: Option<&Path>) -> Result<Arc<Component>, ModuleError> {
    let bytes = read(path)?;
    let engine = machine.engine()?;
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let component = digest::digest(&digest::SHA256, &bytes);
    let component = component.as_ref().try_into().expect("SHA-256 has 32 bytes");
    let identity = Identity { component, machine, engine: hasher.finish() };

    // Held by the one that compiles: others that want the same wait, those that want another do not.
    let place = place_of(identity);
    let mut place = place.lock();
    if let Some(component) = place.upgrade() {
        return Ok(component);
    }
    let shelf = cache.and_then(|directory| match Shelf::open(directory) {
        Ok(shelf) => Some(shelf),
        Err(error) => {
            let directory = directory.display();
            tracing::warn!("compiled components are not kept: the directory {directory} cannot be used: {error}");
            None
        }
    });
    let kept = shelf.as_ref().and_then(|shelf| shelf.take(&identity, engine));
    let component = Arc::new(match kept {
        Some(component) => component,
        None => {
            let started = Instant::now();
            let component = Component::from_binary(engine, &bytes).map_err(|error| unfit(path, &bytes, &error))?;
            tracing::info!(component = %path.display(), ms = started.elapsed().as_millis() as u64, "compiled a component");
            if let Some(shelf) = &shelf {
                shelf.put(&identity, &component);
            }
            component
        }
    });
    *place = Arc::downgrade(&component);
    Ok(component)
}

type Place = Arc<Mutex<Weak<Component>>>;

/// Where the users of one component find each other.
fn place_of(identity: Identity) -> Place {
    static PLACES: LazyLock<Mutex<HashMap<Identity, Place>>> = LazyLock::new(Mutex::default);
    let mut places = PLACES.lock();
    // Components that nobody uses any more leave, so that the table stays small.
    places.retain(|_, place| Arc::strong_count(place) > 1 || place.try_lock().is_none_or(|one| one.strong_count() > 0));
    Arc::clone(places.entry(identity).or_default())
}

fn read(path: &Path) -> Result<Vec<u8>, ModuleError> {
    let failed = |error: std::io::Error| {
        let text = format!("the component {} cannot be read: {error}", path.display());
        ModuleError::new(ModuleError::from(error).code, text)
    };
    let file = File::open(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?;
    if !kind.is_file() || kind.len() > COMPONENT_BYTES_MAX {
        let text =
            format!("{} is not a component: it is no file, or above {COMPONENT_BYTES_MAX} bytes", path.display());
        return Err(ModuleError::invalid(text));
    }
    let mut bytes = Vec::new();
    file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unfit(path: &Path, bytes: &[u8], error: &wasmtime::Error) -> ModuleError {
    let path = path.display();
    // The eight bytes every binary starts with; the last two tell a component from a module.
    let text = match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => format!(
            "{path} is a WebAssembly module, not a component: build it for `wasm32-wasip2`, or wrap it with \
             `wasm-tools component new`"
        ),
        Some([0, b'a', b's', b'm', ..]) => format!("the component {path} cannot be compiled: {error:#}"),
        _ => format!("{path} is not a WebAssembly component"),
    };
    ModuleError::new(HResult::ERROR_INVALID_DATA, text)
}

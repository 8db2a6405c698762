//! Interfaces: those of modules, held by counted pointers, and objects of ours, seen by modules.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::guid::{Guid, IID_UNKNOWN};
use crate::hresult::{self, Status};
use crate::interfaces::{Interface, Unknown};

/// A module's interface, of which we own a reference. `V` is its table of functions.
#[derive(Debug)]
pub struct Pointer<V: Interface>(NonNull<*const V>);

// SAFETY: the contract calls modules from several threads. A module that cannot bear it is served by one thread, which
// makes, calls and drops every pointer.
unsafe impl<V: Interface> Send for Pointer<V> {}
// SAFETY: as above.
unsafe impl<V: Interface> Sync for Pointer<V> {}

impl<V: Interface> Pointer<V> {
    /// Takes a reference over; none for null.
    ///
    /// # Safety
    /// `raw` is null or an interface with this table, and the caller owns a reference to it.
    pub unsafe fn from_raw(raw: *mut c_void) -> Option<Self> {
        NonNull::new(raw.cast()).map(Self)
    }

    /// The pointer, still ours.
    pub const fn as_raw(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }

    /// The table of functions.
    pub fn table(&self) -> &V {
        // SAFETY: an interface points to a pointer to its table, which stays as long as the object does.
        unsafe { &**self.0.as_ptr() }
    }

    /// Another interface of the object, with a reference of its own.
    pub fn query<W: Interface>(&self) -> Result<Pointer<W>, Status> {
        let mut found = std::ptr::null_mut();
        // SAFETY: every interface starts with IUnknown's table.
        let status = unsafe { (unknown(self.as_raw()).query_interface)(self.as_raw(), &W::IID, &mut found) };
        if status < 0 {
            return Err(status);
        }
        // SAFETY: QueryInterface hands a reference over.
        unsafe { Pointer::from_raw(found) }.ok_or(hresult::E_NOINTERFACE)
    }
}

impl<V: Interface> Drop for Pointer<V> {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { release(self.as_raw()) }
    }
}

/// The start of every table.
///
/// # Safety
/// `raw` is an interface that outlives the result.
unsafe fn unknown<'a>(raw: *mut c_void) -> &'a Unknown {
    // SAFETY: an interface points to a pointer to its table.
    unsafe { &**raw.cast::<*const Unknown>() }
}

/// Gives a reference back; null is passed over.
///
/// # Safety
/// `raw` is null or an interface of which the caller owns a reference.
pub unsafe fn release(raw: *mut c_void) {
    if !raw.is_null() {
        // SAFETY: as above.
        unsafe { (unknown(raw).release)(raw) };
    }
}

/// A class of ours: one interface, derived from `IUnknown` or `IDispatch`.
pub trait Class: Sized + Send + Sync + 'static {
    /// Its table of functions.
    type Table: 'static;
    /// The one table of all its objects.
    const TABLE: &'static Self::Table;
    /// The interfaces that the table serves, beside `IUnknown`.
    const INTERFACES: &'static [Guid];
}

/// An object of ours as modules see it: the table first.
#[repr(C)]
struct Object<C: Class> {
    table: &'static C::Table,
    references: AtomicU32,
    body: C,
}

/// A new object, with one reference that belongs to whoever gets the pointer.
pub fn create<C: Class>(body: C) -> *mut c_void {
    Box::into_raw(Box::new(Object { table: C::TABLE, references: AtomicU32::new(1), body })).cast()
}

/// Creates an object and hands out the interface that was asked for.
///
/// # Safety
/// `iid` and `out` are null or valid.
pub unsafe fn create_as<C: Class>(body: C, iid: *const Guid, out: *mut *mut c_void) -> Status {
    let raw = create(body);
    // SAFETY: just made; the caller vouches for the rest.
    unsafe {
        let status = query_interface::<C>(raw, iid, out);
        release_object::<C>(raw);
        status
    }
}

/// The object behind an interface of class `C`.
///
/// # Safety
/// `this` was made by [`create`] for `C` and is not yet released.
pub unsafe fn body<'a, C: Class>(this: *mut c_void) -> &'a C {
    // SAFETY: as above.
    unsafe { &(*this.cast::<Object<C>>()).body }
}

/// The three functions every table of `C` starts with.
pub const fn unknown_of<C: Class>() -> Unknown {
    Unknown { query_interface: query_interface::<C>, add_ref: add_ref_object::<C>, release: release_object::<C> }
}

unsafe extern "system-unwind" fn query_interface<C: Class>(
    this: *mut c_void,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> Status {
    if out.is_null() || iid.is_null() {
        return hresult::status(module::HResult::E_POINTER);
    }
    // SAFETY: the caller's pointers are not null, and so valid; `this` is an object of ours.
    unsafe {
        let wanted = *iid;
        if wanted != IID_UNKNOWN && !C::INTERFACES.contains(&wanted) {
            *out = std::ptr::null_mut();
            return hresult::E_NOINTERFACE;
        }
        add_ref_object::<C>(this);
        *out = this;
    }
    hresult::OK
}

unsafe extern "system-unwind" fn add_ref_object<C: Class>(this: *mut c_void) -> u32 {
    // SAFETY: an object of ours.
    unsafe { (*this.cast::<Object<C>>()).references.fetch_add(1, Ordering::Relaxed) + 1 }
}

unsafe extern "system-unwind" fn release_object<C: Class>(this: *mut c_void) -> u32 {
    // SAFETY: an object of ours; the last reference frees it, and nobody has another.
    unsafe {
        let left = (*this.cast::<Object<C>>()).references.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0 {
            drop(Box::from_raw(this.cast::<Object<C>>()));
        }
        left
    }
}

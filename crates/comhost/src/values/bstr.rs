//! `BSTR`: UTF-16 text or plain bytes, with the length in front.

use module::ModuleError;

/// Foreign texts are cut off behind this many bytes: no length a module writes can make us read without end.
const BYTES_MAX: usize = 1 << 30;

/// A `BSTR` that we own. Laid out as the pointer that COM passes; null is the empty text.
#[repr(transparent)]
#[derive(Debug)]
pub struct Bstr(*mut u16);

// SAFETY: the block is owned by whoever owns the value, and not changed after it was made.
unsafe impl Send for Bstr {}
// SAFETY: as above.
unsafe impl Sync for Bstr {}

impl Bstr {
    /// A text.
    pub fn text(text: &str) -> Self {
        let units: Vec<u16> = text.encode_utf16().collect();
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
        Self::bytes(&bytes)
    }

    /// Bytes, as `SysAllocStringByteLen` makes them: their number may be odd.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self(allocate(bytes))
    }

    /// Takes over what a module gave us.
    ///
    /// # Safety
    /// `raw` is null or a `BSTR` that nobody else frees.
    pub const unsafe fn from_raw(raw: *mut u16) -> Self {
        Self(raw)
    }

    /// Hands the block over: whoever has it frees it.
    pub const fn into_raw(self) -> *mut u16 {
        let raw = self.0;
        std::mem::forget(self);
        raw
    }

    /// The pointer, still ours: to be passed as an `[in]` argument.
    pub const fn as_raw(&self) -> *mut u16 {
        self.0
    }

    /// The text; what is no UTF-16 becomes replacement characters.
    pub fn to_text(&self) -> String {
        // SAFETY: ours, and so null or a valid BSTR.
        unsafe { text_of(self.0) }
    }

    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // SAFETY: ours, and so null or a valid BSTR.
        unsafe { bytes_of(self.0) }.to_vec()
    }
}

impl Drop for Bstr {
    fn drop(&mut self) {
        // SAFETY: ours, and so null or a valid BSTR.
        unsafe { free(self.0) }
    }
}

/// The bytes of a foreign `BSTR`.
///
/// # Safety
/// `raw` is null or a valid `BSTR` that outlives the result.
pub unsafe fn bytes_of<'a>(raw: *const u16) -> &'a [u8] {
    if raw.is_null() {
        return &[];
    }
    // SAFETY: a BSTR has its length in bytes in the four bytes in front of it, and that many bytes behind.
    unsafe {
        let length = raw.cast::<u8>().sub(4).cast::<u32>().read_unaligned() as usize;
        std::slice::from_raw_parts(raw.cast::<u8>(), length.min(BYTES_MAX))
    }
}

/// The text that the bytes of a `BSTR` are: `E_INVALIDARG` where they are none.
pub fn text_in(bytes: &[u8]) -> Result<String, ModuleError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_ne_bytes(*pair)).collect();
    let text = rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten();
    text.ok_or_else(|| ModuleError::invalid("the value is not a text in UTF-16"))
}

/// The text of a foreign `BSTR`.
///
/// # Safety
/// `raw` is null or a valid `BSTR`.
pub unsafe fn text_of(raw: *const u16) -> String {
    // SAFETY: passed on.
    let bytes = unsafe { bytes_of(raw) };
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_ne_bytes(*pair)).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(unix)]
fn allocate(bytes: &[u8]) -> *mut u16 {
    let length = u32::try_from(bytes.len()).expect("no value of the contract has four gigabytes");
    // SAFETY: the block has room for 8 bytes, the text and its terminator; nothing else knows of it yet.
    unsafe {
        let block = libc::malloc(bytes.len() + 10).cast::<u8>();
        assert!(!block.is_null(), "memory");
        block.write_bytes(0, 4);
        block.add(4).cast::<u32>().write_unaligned(length);
        block.add(8).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        block.add(8 + bytes.len()).write_bytes(0, 2);
        block.add(8).cast()
    }
}

#[cfg(unix)]
unsafe fn free(raw: *mut u16) {
    if !raw.is_null() {
        // SAFETY: a BSTR starts 8 bytes behind a block of malloc.
        unsafe { libc::free(raw.cast::<u8>().sub(8).cast()) }
    }
}

#[cfg(windows)]
fn allocate(bytes: &[u8]) -> *mut u16 {
    let length = u32::try_from(bytes.len()).expect("no value of the contract has four gigabytes");
    // SAFETY: the bytes are there; the function copies them.
    let raw = unsafe { windows_sys::Win32::Foundation::SysAllocStringByteLen(bytes.as_ptr(), length) };
    assert!(!raw.is_null(), "memory");
    raw.cast_mut()
}

#[cfg(windows)]
unsafe fn free(raw: *mut u16) {
    // SAFETY: null or a BSTR, says the caller.
    unsafe { windows_sys::Win32::Foundation::SysFreeString(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_survive() {
        for text in ["", "a", "Größe 😀", "two\0parts"] {
            assert_eq!(Bstr::text(text).to_text(), text);
        }
        for bytes in [&[][..], &[0], &[1, 2, 3], &[0xff; 4096]] {
            assert_eq!(Bstr::bytes(bytes).to_bytes(), bytes);
        }
        assert_eq!(Bstr::bytes(&[0x00, 0xd8]).to_text(), "\u{fffd}");
    }
}

//! A frame between this host and the module: it hears of an exception that nobody in the module catches while the frames that
//! it was thrown from still stand, and so can tell where that was. By the time that Rust's own frames run for it, they are gone.
//!
//! The frame is written in assembly because no language has a word for it: on Linux a function with a personality of its own, on
//! Windows one with an exception handler.

/// Calls through the frame.
#[cfg(target_arch = "x86_64")]
pub(super) fn call<F: FnOnce() -> T, T>(call: F) -> T {
    use std::ffi::c_void;

    struct Call<F, T> {
        call: Option<F>,
        result: Option<T>,
    }

    extern "C-unwind" fn run<F: FnOnce() -> T, T>(data: *mut c_void) {
        // SAFETY: the call below, which waits for this function.
        let both = unsafe { &mut *data.cast::<Call<F, T>>() };
        both.result = both.call.take().map(|call| call());
    }

    unsafe extern "C-unwind" {
        fn exeunt_watched_call(data: *mut c_void, run: extern "C-unwind" fn(*mut c_void));
    }

    let mut both = Call { call: Some(call), result: None };
    // SAFETY: calls `run` with `both`, once.
    unsafe { exeunt_watched_call((&raw mut both).cast(), run::<F, T>) };
    both.result.expect("the call was made")
}

/// Elsewhere the place of an exception is not told.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn call<F: FnOnce() -> T, T>(call: F) -> T {
    call()
}

#[cfg(all(unix, target_arch = "x86_64"))]
std::arch::global_asm!(
    ".pushsection .text.exeunt_watched_call,\"ax\",@progbits",
    ".globl exeunt_watched_call",
    ".hidden exeunt_watched_call",
    ".type exeunt_watched_call,@function",
    "exeunt_watched_call:",
    ".cfi_startproc",
    // Relative to the place, of four octets, through a pointer.
    ".cfi_personality 0x9b, .Lexeunt_thrown",
    "pushq %rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset %rbp, -16",
    "movq %rsp, %rbp",
    ".cfi_def_cfa_register %rbp",
    "callq *%rsi",
    "popq %rbp",
    ".cfi_def_cfa %rsp, 8",
    "retq",
    ".cfi_endproc",
    ".size exeunt_watched_call, . - exeunt_watched_call",
    ".popsection",
    ".pushsection .data.rel.exeunt_thrown,\"aw\",@progbits",
    ".p2align 3",
    ".Lexeunt_thrown:",
    ".quad {thrown}",
    ".popsection",
    thrown = sym super::unix::thrown,
    options(att_syntax)
);

#[cfg(all(windows, target_arch = "x86_64"))]
std::arch::global_asm!(
    ".text",
    ".p2align 4",
    ".globl exeunt_watched_call",
    ".def exeunt_watched_call; .scl 2; .type 32; .endef",
    ".seh_proc exeunt_watched_call",
    "exeunt_watched_call:",
    "subq $40, %rsp",
    ".seh_stackalloc 40",
    ".seh_handler {raised}, @except",
    ".seh_endprologue",
    "callq *%rdx",
    "nop",
    "addq $40, %rsp",
    "retq",
    ".seh_endproc",
    raised = sym super::windows::raised,
    options(att_syntax)
);

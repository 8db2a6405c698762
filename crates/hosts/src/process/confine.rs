//! What a module's process gives up before its program begins: the only unsafe code of the process host.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::set_no_new_privs;

/// The first descriptor that is not one of the three pipes.
const FIRST_OTHER: libc::c_uint = 3;

/// What the process may take up, and whether it may gain privileges by running programs that carry them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confinement {
    /// Address space in bytes.
    pub(super) memory_bytes_max: Option<u64>,
    /// Processor time in seconds; then it is killed.
    pub(super) cpu_seconds_max: Option<u64>,
    /// Open files.
    pub(super) open_files_max: Option<u64>,
    /// Whether set-user-ID programs and file capabilities count for nothing.
    pub(super) no_new_privileges: bool,
}

/// Has the child of this command confine itself between `fork` and `exec`, after it changed user and group: not one
/// instruction of the module's program runs without it. A failure is that of `spawn`.
pub(super) fn confine(command: &mut Command, confinement: Confinement) {
    let in_child = move || confinement.enter();
    // SAFETY: between `fork` and `exec` only what is async-signal-safe may be called. `enter` makes system calls and
    // nothing else: it neither allocates, locks, nor panics, and what it uses was copied into it before the `fork`.
    #[expect(unsafe_code, reason = "limits that hold from the first instruction on can be set in the child only")]
    unsafe {
        command.pre_exec(in_child);
    }
}

impl Confinement {
    fn enter(&self) -> io::Result<()> {
        let limits = [
            (Resource::As, self.memory_bytes_max),
            (Resource::Cpu, self.cpu_seconds_max),
            (Resource::Nofile, self.open_files_max),
        ];
        for (resource, limit) in limits {
            if limit.is_some() {
                setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
            }
        }
        if self.no_new_privileges {
            set_no_new_privs(true)?;
        }
        close_others();
        Ok(())
    }
}

/// Has every descriptor but the pipes closed by `exec`, also those that a library of the server opened without saying
/// so. Linux before 5.11 cannot, and there it is left to each who opens one.
fn close_others() {
    // SAFETY: the call reads and writes no memory of this process; it marks descriptors of the child, which uses none
    // of them but by `exec`.
    #[expect(unsafe_code, reason = "neither std nor rustix has close_range")]
    unsafe {
        libc::syscall(libc::SYS_close_range, FIRST_OTHER, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

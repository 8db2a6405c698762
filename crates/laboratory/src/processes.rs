//! The processes of a module under test: found by a mark in their environment, measured and killed.
//!
//! Whoever starts them (a host, a shell between, a runtime) hands the environment on; a process that cleared its own is
//! not found, and so neither measured nor killed.

use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The variable that carries the mark.
pub(crate) const VARIABLE: &str = "EXEUNT_LABORATORY";

/// The processes with this mark.
pub(crate) fn marked(mark: &str) -> Vec<i32> {
    let wanted = format!("{VARIABLE}={mark}");
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_string_lossy().parse::<i32>().ok());
    numbers.filter(|pid| carries(*pid, &wanted)).collect()
}

fn carries(pid: i32, wanted: &str) -> bool {
    let path = Path::new("/proc").join(pid.to_string()).join("environ");
    // One that has gone meanwhile, or is another user's, is not ours.
    let environment = std::fs::read(path).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
}

/// Resident memory of the processes with this mark, in bytes; none where there is no such process.
pub(crate) fn resident_bytes(mark: &str) -> Option<u64> {
    let sizes: Vec<u64> = marked(mark).into_iter().filter_map(resident).collect();
    (!sizes.is_empty()).then(|| sizes.iter().sum())
}

/// What the processes with this mark take, in bytes, pages that they share counted in parts; none where there is no such
/// process.
pub(crate) fn proportional_bytes(mark: &str) -> Option<u64> {
    let sizes: Vec<u64> = marked(mark).into_iter().filter_map(|pid| field(pid, "smaps_rollup", "Pss:")).collect();
    (!sizes.is_empty()).then(|| sizes.iter().sum())
}

/// Resident memory of this process, in bytes.
pub(crate) fn own_resident_bytes() -> u64 {
    i32::try_from(std::process::id()).ok().and_then(resident).unwrap_or(0)
}

fn resident(pid: i32) -> Option<u64> {
    field(pid, "status", "VmRSS:")
}

/// A size in a file of `/proc/PID`, in bytes.
fn field(pid: i32, file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// Kills the processes with this mark, and says how many.
pub(crate) fn kill(mark: &str) -> usize {
    let wanted = format!("{VARIABLE}={mark}");
    let killed = marked(mark).into_iter().filter(|pid| {
        let Some(process) = Pid::from_raw(*pid) else { return false };
        let Ok(handle) = pidfd_open(process, PidfdFlags::empty()) else { return false };
        // The handle pins the number; it may have been another's by the time it was opened.
        carries(*pid, &wanted) && pidfd_send_signal(handle, Signal::KILL).is_ok()
    });
    killed.count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_marked_process_is_measured_and_killed() {
        let mark = format!("processes-{}", std::process::id());
        assert_eq!((marked(&mark), resident_bytes(&mark)), (vec![], None));
        let mut child = Command::new("cat").env(VARIABLE, &mark).stdin(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while resident_bytes(&mark).is_none() {
            assert!(started.elapsed() < Duration::from_secs(20), "the process never showed");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        assert_eq!(marked(&mark), [i32::try_from(child.id()).unwrap()]);
        assert_eq!(kill(&mark), 1);
        assert!(!child.wait().unwrap().success());
        assert_eq!(kill(&mark), 0);
    }
}

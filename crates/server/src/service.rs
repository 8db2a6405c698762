//! Telling a service supervisor how the server stands (`sd_notify`, the protocol behind `NOTIFY_SOCKET`).

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The supervisor, where there is one.
#[derive(Debug)]
pub struct Supervisor {
    address: Option<SocketAddr>,
}

impl Supervisor {
    /// The supervisor named by `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    pub fn from_environment() -> Self {
        let named = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        Self { address: named.and_then(|name| address(name.as_bytes())) }
    }

    /// The server can issue.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}\nMAINPID={}", std::process::id()));
    }

    /// The server is stopping.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// The configuration is being read again, since this monotonic time in microseconds; then [`ready`](Self::ready).
    pub fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let microseconds = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000);
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    fn tell(&self, message: &str) {
        let Some(address) = &self.address else { return };
        let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(message.as_bytes(), address));
        if let Err(error) = sent {
            tracing::warn!(%error, "the service supervisor cannot be told");
        }
    }
}

fn address(name: &[u8]) -> Option<SocketAddr> {
    let address = match name.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name)),
    };
    address.inspect_err(|error| tracing::warn!(%error, "NOTIFY_SOCKET cannot be used")).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_supervisor_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let supervisor = Supervisor { address: address(path.as_os_str().as_bytes()) };
        let mut buffer = [0; 256];
        for (tell, start) in [
            (Box::new(|s: &Supervisor| s.ready("issuing")) as Box<dyn Fn(&Supervisor)>, "READY=1\nSTATUS=issuing\n"),
            (Box::new(Supervisor::stopping), "STOPPING=1"),
            (Box::new(Supervisor::reloading), "RELOADING=1\nMONOTONIC_USEC="),
        ] {
            tell(&supervisor);
            let length = socket.recv(&mut buffer).unwrap();
            assert!(str::from_utf8(buffer.get(..length).unwrap()).unwrap().starts_with(start));
        }
        Supervisor { address: None }.stopping();
    }
}

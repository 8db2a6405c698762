//! What a component may touch outside its memory: directories, variables, addresses. Nothing that is not named here.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use module::{HResult, ModuleError};
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use super::voice::Voice;

/// The most random bytes a component gets in one call.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// The powers of a component.
#[derive(Clone, Debug)]
pub(super) struct Grants {
    pub(super) directories: Vec<Directory>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) network: Option<Arc<Network>>,
}

/// A directory of the host, and where the component sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) guest: String,
    pub(super) host: PathBuf,
    pub(super) writable: bool,
}

/// Where it may connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network(Vec<(Host, u16)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Grants {
    /// The outside world of one instance. A directory that is missing or closed is an error.
    pub(super) fn world(&self, out: Voice, err: Voice) -> Result<WasiCtx, ModuleError> {
        let mut world = WasiCtxBuilder::new();
        world.stdout(out).stderr(err).envs(&self.environment).max_random_size(RANDOM_BYTES_MAX);
        for Directory { guest, host, writable } in &self.directories {
            let permissions = if *writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
            world.preopened_dir(host, guest, permissions).map_err(|error| {
                let code = error.downcast_ref::<std::io::Error>().map_or(HResult::E_ACCESSDENIED, |error| {
                    ModuleError::from(std::io::Error::from(error.kind())).code
                });
                let text = format!("the directory {} (`dir.{guest}`) cannot be opened: {error:#}", host.display());
                ModuleError::new(code, text)
            })?;
        }
        if let Some(network) = &self.network {
            let names = network.0.iter().any(|(host, _)| matches!(host, Host::Name(_)));
            let network = Arc::clone(network);
            world.allow_tcp(true).allow_ip_name_lookup(names).socket_addr_check(move |address, purpose| {
                let network = Arc::clone(&network);
                Box::pin(async move { network.allows(address, purpose).await })
            });
        }
        Ok(world.build())
    }
}

impl Directory {
    /// `/data` and `/var/lib/x` or `/etc/x:ro`.
    pub(super) fn parse(guest: &str, host: &str) -> Result<Self, ModuleError> {
        let refused = |what: &str| ModuleError::invalid(format!("`dir.{guest}`: {what}"));
        let (path, writable) = match host.trim().strip_suffix(":ro") {
            Some(path) => (path, false),
            None => (host.trim(), true),
        };
        if guest.is_empty() || guest.contains('\0') {
            return Err(refused("the component's path is missing: write `dir./data`"));
        }
        let path = PathBuf::from(path);
        if !path.is_absolute() || host.contains('\0') {
            return Err(refused("it is not an absolute path"));
        }
        Ok(Self { guest: guest.to_owned(), host: path, writable })
    }
}

impl Network {
    /// `none`, or `host:port` separated by commas; an IPv6 address in brackets.
    pub(super) fn parse(text: &str) -> Result<Option<Arc<Self>>, ModuleError> {
        if matches!(text.trim(), "none" | "") {
            return Ok(None);
        }
        let places: Vec<_> = text.split(',').map(|place| Self::place(place.trim())).collect::<Result<_, _>>()?;
        Ok(Some(Arc::new(Self(places))))
    }

    fn place(text: &str) -> Result<(Host, u16), ModuleError> {
        let unfit = || ModuleError::invalid(format!("`network`: `{text}` is not `host:port`"));
        let (host, port) = text.rsplit_once(':').ok_or_else(unfit)?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(unfit)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match (bare.unwrap_or(host).parse::<IpAddr>(), bare) {
            (Ok(address @ IpAddr::V4(_)), None) | (Ok(address @ IpAddr::V6(_)), Some(_)) => Host::Address(address),
            (Err(_), None) if is_name(host) => Host::Name(host.to_owned()),
            _ => return Err(unfit()),
        };
        Ok((host, port))
    }

    /// Whether this use of an address is granted: connecting to a place that was named, nothing else. A name is looked up
    /// at that moment, so that what counts is where the connection goes.
    async fn allows(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        match purpose {
            // What the system does by itself before it connects.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpConnect => {
                for (host, port) in &self.0 {
                    if *port == address.port() && host.is(address.ip().to_canonical(), *port).await {
                        return true;
                    }
                }
                false
            }
            _ => false,
        }
    }
}

impl Host {
    async fn is(&self, address: IpAddr, port: u16) -> bool {
        match self {
            Self::Address(granted) => granted.to_canonical() == address,
            Self::Name(name) => {
                let (name, port) = (name.clone(), port);
                // On a thread of its own: looking a name up blocks.
                let found = tokio::task::spawn_blocking(move || {
                    std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port))
                        .map(|found| found.map(|place| place.ip().to_canonical()).collect::<Vec<_>>())
                });
                matches!(found.await, Ok(Ok(found)) if found.contains(&address))
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.trim_end_matches('.').split('.').all(label)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn places_are_a_host_and_a_port() {
        let network = Network::parse("192.0.2.1:443, [2001:db8::1]:8443,log.example.org:514").unwrap().unwrap();
        assert_eq!(network.0.len(), 3);
        assert_eq!(Network::parse(" none ").unwrap(), None);
        for text in ["example.org", "example.org:0", "2001:db8::1:443", "[192.0.2.1]:4", "a b:1", ":1", "*:1", "x:1,"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_named_places_can_be_connected_to() {
        let network = Network::parse("127.0.0.1:443,localhost:99").unwrap().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let allows = |address: &str, purpose| runtime.block_on(network.allows(address.parse().unwrap(), purpose));
        assert!(allows("127.0.0.1:443", SocketAddrUse::TcpConnect));
        assert!(allows("[::ffff:127.0.0.1]:443", SocketAddrUse::TcpConnect));
        assert!(allows("127.0.0.1:99", SocketAddrUse::TcpConnect));
        assert!(!allows("127.0.0.1:80", SocketAddrUse::TcpConnect));
        assert!(!allows("127.0.0.2:443", SocketAddrUse::TcpConnect));
        assert!(!allows("127.0.0.1:443", SocketAddrUse::TcpListen));
        assert!(!allows("127.0.0.1:443", SocketAddrUse::TcpAccept));
        assert!(allows("0.0.0.0:0", SocketAddrUse::TcpBind));
        assert!(!allows("0.0.0.0:443", SocketAddrUse::TcpBind));
    }

    #[test]
    fn directories_are_absolute() {
        let directory = Directory::parse("/data", " /srv/x:ro ").unwrap();
        assert_eq!((directory.host, directory.writable), (PathBuf::from("/srv/x"), false));
        assert!(Directory::parse("data", "/srv").is_ok());
        assert!(Directory::parse("/data", "srv").is_err());
    }
}

//! Listeners: Unix sockets, TLS, and plain TCP for what is public. One accept loop for all.

mod connection;
mod stream;
mod tls;
mod unix;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use crate::Limits;
use crate::peer::{Accounts, Peer, caller_of_certificate};
use stream::Stream;
use tls::LiveTls;
use unix::UnixSocket;

pub use tls::{TlsError, TlsFiles};
pub(crate) use tls::{all as pem_items, private_key as pem_private_key, roots as pem_roots};

/// How long the accept loop waits when the operating system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where to listen, and how the peer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket; the operating system names the peer.
    Unix {
        /// Its path.
        path: PathBuf,
        /// Its permission bits; 0660 lets its group connect.
        mode: u32,
    },
    /// TLS over TCP; the client's certificate names the peer.
    Tls {
        /// Where.
        address: SocketAddr,
        /// Certificates and keys.
        files: TlsFiles,
    },
    /// Plain TCP; the peer is not known.
    Tcp(SocketAddr),
}

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Its certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A bound listener, not yet serving.
#[derive(Debug)]
pub struct Listener {
    door: Arc<Door>,
    bound: Bound,
}

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// On this socket file.
    Unix(PathBuf),
    /// On this address; the port is the one the operating system gave.
    Tcp(SocketAddr),
}

#[derive(Debug)]
enum Door {
    Unix { socket: UnixSocket, accounts: Arc<Accounts> },
    Tls { listener: TcpListener, live: Arc<LiveTls> },
    Tcp { listener: TcpListener },
}

enum Arrival {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Listener {
    /// Binds an address.
    pub async fn bind(address: Address) -> Result<Self, ListenError> {
        let bind = |address: String| move |source| ListenError::Bind { address, source };
        match address {
            Address::Unix { path, mode } => {
                let socket = UnixSocket::bind(&path, mode).await.map_err(bind(path.display().to_string()))?;
                let door = Door::Unix { socket, accounts: Arc::default() };
                Ok(Self { door: Arc::new(door), bound: Bound::Unix(path) })
            }
            Address::Tls { address, files } => {
                let live = Arc::new(LiveTls::open(files)?);
                let (listener, bound) = tcp(address).await.map_err(bind(address.to_string()))?;
                Ok(Self { door: Arc::new(Door::Tls { listener, live }), bound })
            }
            Address::Tcp(address) => {
                let (listener, bound) = tcp(address).await.map_err(bind(address.to_string()))?;
                Ok(Self { door: Arc::new(Door::Tcp { listener }), bound })
            }
        }
    }

    /// Where it listens.
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    /// What reads its certificates again; none without TLS.
    pub(crate) fn certificates(&self) -> Option<Certificates> {
        match self.door.as_ref() {
            Door::Tls { live, .. } => Some(Certificates(Arc::clone(live))),
            Door::Unix { .. } | Door::Tcp { .. } => None,
        }
    }

    /// Serves `application` until `stop` becomes true: then no connection is accepted any more, requests under way have as
    /// long to end as `stop_limit` says then, and what is left is cut off. Returns how many connections were.
    pub async fn serve(
        self,
        application: Router,
        limits: Arc<Limits>,
        mut stop: watch::Receiver<bool>,
        stop_limit: watch::Receiver<Duration>,
    ) -> usize {
        let mut connections = JoinSet::new();
        let places = Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
        loop {
            let arrival = tokio::select! {
                () = stopped(&mut stop) => break,
                Some(ended) = connections.join_next(), if !connections.is_empty() => {
                    note(ended);
                    continue;
                }
                arrival = self.door.accept(&places) => arrival,
            };
            let (arrival, place) = match arrival {
                Ok(arrival) => arrival,
                Err(error) => {
                    pause(&error, &self.bound).await;
                    continue;
                }
            };
            let (door, application, limits, stop) =
                (Arc::clone(&self.door), application.clone(), Arc::clone(&limits), stop.clone());
            connections.spawn(async move {
                let _place = place;
                let established = timeout(limits.handshake_timeout, door.establish(arrival)).await;
                drop(door);
                match established {
                    Ok(Ok((stream, peer))) => connection::serve(stream, application, peer, &limits, stop).await,
                    Ok(Err(error)) => tracing::debug!("a connection was refused: {error}"),
                    Err(_) => tracing::debug!("a connection was refused: its handshake took too long"),
                }
            });
        }
        let deadline = Instant::now() + *stop_limit.borrow();
        // The door is closed here, but for connections that are still in their handshake.
        drop(self.door);
        while let Ok(Some(ended)) = timeout_at(deadline, connections.join_next()).await {
            note(ended);
        }
        let cut_off = connections.len();
        connections.shutdown().await;
        cut_off
    }
}

/// The certificates of a TLS listener.
#[derive(Clone, Debug)]
pub(crate) struct Certificates(Arc<LiveTls>);

impl Certificates {
    /// Reads them again. May block.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        self.0.reload()
    }

    /// Reads them again if they have changed. May block.
    pub(crate) fn reload_if_changed(&self) -> Result<(), TlsError> {
        self.0.reload_if_changed()
    }
}

impl Door {
    /// The next connection, when there is a place for it.
    async fn accept(&self, places: &Arc<Semaphore>) -> io::Result<(Arrival, tokio::sync::OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
        let arrival = match self {
            Self::Unix { socket, .. } => Arrival::Unix(socket.listener.accept().await?.0),
            Self::Tls { listener, .. } | Self::Tcp { listener } => Arrival::Tcp(listener.accept().await?.0),
        };
        Ok((arrival, place))
    }

    /// The stream of a connection, and who is at its other end.
    async fn establish(&self, arrival: Arrival) -> io::Result<(Box<dyn Stream>, Option<Peer>)> {
        match (self, arrival) {
            (Self::Unix { accounts, .. }, Arrival::Unix(stream)) => {
                let peer = stream.peer_cred()?;
                let caller = match accounts.known(peer.uid(), peer.gid()) {
                    Some(caller) => caller,
                    None => {
                        let accounts = Arc::clone(accounts);
                        tokio::task::spawn_blocking(move || accounts.caller(peer.uid(), peer.gid())).await?
                    }
                };
                Ok((Box::new(stream), Some(Peer(caller))))
            }
            (Self::Tls { live, .. }, Arrival::Tcp(stream)) => {
                stream.set_nodelay(true)?;
                let stream = TlsAcceptor::from(live.current()).accept(stream).await?;
                let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certificate = certificate.ok_or_else(|| io::Error::other("no client certificate"))?;
                let caller = caller_of_certificate(certificate).map_err(io::Error::other)?;
                Ok((Box::new(stream), Some(Peer(Arc::new(caller)))))
            }
            (Self::Tcp { .. }, Arrival::Tcp(stream)) => {
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), None))
            }
            (Self::Unix { .. }, Arrival::Tcp(_)) | (Self::Tls { .. } | Self::Tcp { .. }, Arrival::Unix(_)) => {
                Err(io::Error::other("a stream of another kind"))
            }
        }
    }
}

async fn tcp(address: SocketAddr) -> io::Result<(TcpListener, Bound)> {
    let listener = TcpListener::bind(address).await?;
    let bound = Bound::Tcp(listener.local_addr()?);
    Ok((listener, bound))
}

/// Returns when `stop` becomes true, or when nobody can make it true any more.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Some failures belong to the connection that failed; the others (no descriptors, no memory) take time to pass.
async fn pause(error: &io::Error, bound: &Bound) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        tracing::error!("{bound:?} cannot accept connections: {error}");
        sleep(ACCEPT_PAUSE).await;
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection ended by a panic: {error}");
    }
}

//! Ctrl-C, and whatever else asks a program to stop, or to look at its files again.

use std::io;

/// The signals that stop the program.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From here on signals are kept for [`next`](Self::next).
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// What asks to read the files again. A program that has none to read is ended by the same signal, as any other.
pub(crate) struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Hangup {
    /// From here on the signal is kept for [`next`](Self::next), if it is `wanted`.
    pub(crate) fn listen(wanted: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(wanted.then(|| signal(SignalKind::hangup())).transpose()?))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
impl Hangup {
    /// Other systems have no such signal.
    pub(crate) fn listen(_wanted: bool) -> io::Result<Self> {
        Ok(Self())
    }

    /// Waits for ever.
    pub(crate) async fn next(&mut self) {
        std::future::pending().await
    }
}

#[cfg(not(unix))]
impl Signals {
    /// From here on Ctrl-C is waited for by [`next`](Self::next).
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}

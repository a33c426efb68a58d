//! Reading users, access rules and certificates again while the program runs.

use std::path::PathBuf;
use std::sync::Arc;

use lacewing_broker::Rules;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::{info, warn};

use crate::hub::Asker;
use crate::reactor::{Order, Orders};
use crate::settings;
use crate::stop::Hangup;
use crate::tls::Certificates;

/// Wishes that wait; further ones are refused.
const WAITING: usize = 4;

/// Where the reactor's side asks for it, on behalf of an operator.
#[derive(Debug, Clone)]
pub(crate) struct Reloads(Sender<Asker>);

impl Reloads {
    /// The two ends.
    pub(crate) fn channel() -> (Self, Receiver<Asker>) {
        let (sender, receiver) = channel(WAITING);
        (Self(sender), receiver)
    }

    /// Asks.
    ///
    /// # Errors
    /// A sentence that says why not, when too many wait already.
    pub(crate) fn ask(&self, asker: Asker) -> Result<(), String> {
        self.0.try_send(asker).map_err(|_| "The rules are being read already.".to_owned())
    }
}

/// The files that are read again.
pub(crate) struct Sources {
    /// The settings file, for its users and access rules.
    pub(crate) file: Option<PathBuf>,
    /// The certificate that TLS shows.
    pub(crate) certificates: Option<Arc<Certificates>>,
}

impl Sources {
    /// Reads the files whenever the system says so, and the settings file whenever an operator does; gives the reactor what is in
    /// it.
    pub(crate) async fn serve(self, mut hangup: Hangup, mut wishes: Receiver<Asker>, orders: Orders) {
        loop {
            let asker = tokio::select! {
                () = hangup.next() => None,
                Some(asker) = wishes.recv() => Some(asker),
            };
            if asker.is_none() {
                self.reread_certificates();
            }
            if asker.is_some() || self.file.is_some() {
                orders.give(Order::Rules(asker, self.rules().await));
            }
        }
    }

    fn reread_certificates(&self) {
        let Some(certificates) = &self.certificates else { return };
        match certificates.reload() {
            Ok(()) => info!("SIGHUP: new connections get the certificate {}", certificates.description()),
            Err(error) => warn!("SIGHUP: the certificate stays as it was: {error}"),
        }
    }

    async fn rules(&self) -> Result<Box<Rules>, String> {
        let Some(file) = self.file.clone() else {
            return Err("lacewing was started without a settings file (--config FILE)".to_owned());
        };
        let read = tokio::task::spawn_blocking(move || settings::reload(&file)).await;
        let rules = read.map_err(|_| "the settings file could not be read".to_owned())?;
        rules.map(Box::new).map_err(|error| format!("{error:#}"))
    }
}

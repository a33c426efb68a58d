//! TLS at the listeners: certificates, what they are used for, and sessions without sockets.

mod authority;
mod files;
mod identity;
mod session;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use rustls::crypto::ring;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};

use crate::settings::{Settings, Source};
use crate::{certificate, invitation};

pub(crate) use self::authority::Authority;
pub(crate) use self::files::TlsError;
pub(crate) use self::session::Session;
pub(crate) use self::words::{NO_TLS_HERE, Tongue, why};

/// A certificate that expires sooner is worth a word, in seconds.
const SOON: i64 = 14 * 86_400;

/// What the listeners with TLS show, if there are any. A development certificate is made in the folder `tls` of `data`.
pub(crate) fn certificates(settings: &Settings, data: &Path) -> anyhow::Result<Option<Certificates>> {
    let Some(tls) = settings.tls.clone() else { return Ok(None) };
    let (certificate, key, authority) = match tls.source {
        Source::Files { certificate, key } => (certificate, key, None),
        Source::Development => {
            let authority = Authority::open_or_make(&data.join("tls"))?;
            let mut names = certificate::loopback();
            names.extend(settings.allow_host.iter().map(|name| name.to_ascii_lowercase()));
            let listeners = [settings.mqtts, settings.https].into_iter().flatten();
            names.extend(listeners.filter_map(invitation::in_network_here).map(|ip| ip.to_string()));
            let pair = authority.server(&names)?;
            (pair.certificate, pair.key, Some(authority.certificate()))
        }
    };
    let files = Files { certificate, key, client_ca: tls.client_ca, client_required: tls.client_required };
    Ok(Some(Certificates { authority, ..Certificates::load(files)? }))
}

/// Where certificate and key are, and who may show a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The certificate, and those that lead from it to its authority.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
    /// The authorities whose client certificates count.
    pub(crate) client_ca: Option<PathBuf>,
    /// Whether a device has to show one.
    pub(crate) client_required: bool,
}

/// The certificate in use. It is read again on request, and new connections get the new one.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: Files,
    /// The certificate of our own authority, of a development certificate.
    authority: Option<PathBuf>,
    current: RwLock<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    devices: Arc<ServerConfig>,
    pages: Arc<ServerConfig>,
    names: Vec<String>,
    expires: i64,
}

impl Certificates {
    /// Reads the files.
    pub(crate) fn load(files: Files) -> Result<Self, TlsError> {
        let current = RwLock::new(read(&files)?);
        Ok(Self { files, authority: None, current })
    }

    /// Reads the files again. After an error everything stays as it was.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let new = read(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// What greets devices: the client certificate is required, if it is.
    pub(crate) fn for_devices(&self) -> Arc<ServerConfig> {
        self.current().devices
    }

    /// What greets browsers, which may have no certificate to show: the pages are for everyone.
    pub(crate) fn for_pages(&self) -> Arc<ServerConfig> {
        self.current().pages
    }

    /// Whether a device has to show a certificate.
    pub(crate) fn client_required(&self) -> bool {
        self.files.client_ca.is_some() && self.files.client_required
    }

    /// The hosts that the certificate is for.
    pub(crate) fn names(&self) -> Vec<String> {
        self.current().names
    }

    /// Where the certificate came from, whom it is for and until when, in words.
    pub(crate) fn description(&self) -> String {
        let Current { names, expires, .. } = self.current();
        let whom = if names.is_empty() { "no host at all".to_owned() } else { names.join(", ") };
        let (until, file) = (date(expires), self.files.certificate.display());
        match &self.authority {
            None => format!("{file}, for {whom}, until {until}"),
            Some(ca) => format!(
                "one for development, for {whom}, until {until}\n              nobody trusts it who was not told to: \
                 mosquitto_pub --cafile {}",
                ca.display()
            ),
        }
    }

    /// What should be done about the certificate soon, if anything.
    pub(crate) fn advice(&self) -> Option<String> {
        let expires = self.current().expires;
        (expires - unix_now() < SOON)
            .then(|| format!("the certificate expires on {}: renew it before that", date(expires)))
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(files: &Files) -> Result<Current, TlsError> {
    let material = files::read(&files.certificate, &files.key, unix_now())?;
    let roots = files.client_ca.as_ref().map(|path| authorities(path)).transpose()?;
    let config = |required: bool| -> Result<ServerConfig, TlsError> {
        let unusable = |why: String| TlsError::Unusable { path: files.certificate.clone(), why };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?;
        let builder = match &roots {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider);
                let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
                builder
                    .with_client_cert_verifier(verifier.build().map_err(|error| unusable(error.to_string()))?)
            }
        };
        let mut config =
            builder.with_single_cert(material.chain.clone(), material.key.clone_key()).map_err(|error| {
                match error {
                    Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                        TlsError::Mismatch { certificate: files.certificate.clone(), key: files.key.clone() }
                    }
                    error => unusable(error.to_string()),
                }
            })?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // A device that comes back proves nothing anew, so its certificate could have expired since: where
        // certificates count, every handshake is a whole one.
        if roots.is_none() {
            config.ticketer = ring::Ticketer::new().map_err(|error| unusable(error.to_string()))?;
            config.send_tls13_tickets = 1;
        } else {
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    };
    let devices = Arc::new(config(files.client_required)?);
    let mut pages = config(false)?;
    pages.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current { devices, pages: Arc::new(pages), names: material.names, expires: material.expires })
}

fn authorities(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in files::certificates(path, "--tls-client-ca")? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::Unusable { path: path.to_owned(), why: error.to_string() })?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoAuthority(path.to_owned()));
    }
    Ok(Arc::new(roots))
}

/// The day of a Unix time in seconds, `2027-01-31`.
fn date(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

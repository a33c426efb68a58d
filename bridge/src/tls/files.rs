//! Reads certificate and key, and says in words what is wrong with them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::identity;

/// The most bytes of any of the files.
const FILE_MAX: u64 = 1 << 20;

/// Why there is no TLS.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    #[error("cannot read {} ({flag}): {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The flag that names it.
        flag: &'static str,
        /// What the system says.
        source: io::Error,
    },
    #[error("{} holds no certificate (--tls-cert): it should be a PEM file, with a line -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    #[error("{} holds a private key and no certificate: are --tls-cert and --tls-key the wrong way round?", .0.display())]
    Swapped(PathBuf),
    #[error("{} holds no private key (--tls-key): it should be a PEM file, with a line -----BEGIN PRIVATE KEY-----", .0.display())]
    NoKey(PathBuf),
    #[error("the private key in {path} is locked with a passphrase, and nobody is there to type it: unlock a copy with `openssl pkey -in {path} -out unlocked.pem`", path = .0.display())]
    Locked(PathBuf),
    #[error("the private key in {} (--tls-key) does not belong to the certificate in {} (--tls-cert): use the two that were made together", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    #[error("the certificate in {} expired on {date}: renew it, or make one with `lacewing certificate`", path.display())]
    Expired {
        /// The certificate's file.
        path: PathBuf,
        /// Its last day.
        date: String,
    },
    #[error("the certificate in {} is valid from {date} on: is the clock of this machine right?", path.display())]
    NotYet {
        /// The certificate's file.
        path: PathBuf,
        /// Its first day.
        date: String,
    },
    #[error("{} holds no certificate of an authority (--tls-client-ca): it should be a PEM file, with a line -----BEGIN CERTIFICATE-----", .0.display())]
    NoAuthority(PathBuf),
    #[error("{} cannot be used for TLS: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A certificate with its chain, its key, and what people want to know of it.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// Whom it is for: host names and addresses.
    pub(super) names: Vec<String>,
    /// When it expires, in Unix seconds.
    pub(super) expires: i64,
}

/// Reads the certificate in `certificate` and the key in `key`, and checks that the certificate is valid at `now`, in
/// Unix seconds.
pub(super) fn read(certificate: &Path, key: &Path, now: i64) -> Result<Material, TlsError> {
    let chain = certificates(certificate, "--tls-cert")?;
    let Some(own) = chain.first() else {
        let holds_key = PrivateKeyDer::from_pem_slice(&bytes(certificate, "--tls-cert")?).is_ok();
        let path = certificate.to_owned();
        return Err(if holds_key { TlsError::Swapped(path) } else { TlsError::NoCertificate(path) });
    };
    let unusable = |why: String| TlsError::Unusable { path: certificate.to_owned(), why };
    let (_, parsed) = X509Certificate::from_der(own).map_err(|error| unusable(error.to_string()))?;
    let (from, until) = (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
    let path = certificate.to_owned();
    if until < now {
        return Err(TlsError::Expired { path, date: super::date(until) });
    }
    if now < from {
        return Err(TlsError::NotYet { path, date: super::date(from) });
    }
    let names = identity::alternative_names(&parsed);
    let key = private_key(key)?;
    Ok(Material { names, expires: until, key, chain })
}

/// All certificates in a PEM file.
pub(super) fn certificates(
    path: &Path,
    flag: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = bytes(path, flag)?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Unusable { path: path.to_owned(), why: error.to_string() })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = bytes(path, "--tls-key")?;
    let text = String::from_utf8_lossy(&pem);
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(TlsError::Locked(path.to_owned()));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NoKey(path.to_owned()))
}

fn bytes(path: &Path, flag: &'static str) -> Result<Vec<u8>, TlsError> {
    let read = || {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(FILE_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| TlsError::Unreadable { path: path.to_owned(), flag, source })
}

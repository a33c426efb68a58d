//! A small authority of one's own, in a folder: for development, and for a house where nobody runs another one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use thiserror::Error;

use super::{files, unix_now};

/// How long the authority's own certificate is valid.
const AUTHORITY_LASTS: i64 = 3_650 * DAY;
/// How long those last that it signs: the most that Apple's systems accept.
const LASTS: i64 = 825 * DAY;
/// A server's certificate that lasts no longer than this is made anew.
const RENEWED_BEFORE: i64 = 30 * DAY;
const DAY: i64 = 86_400;

const CA: &str = "ca";
const SERVER: &str = "server";

/// An authority whose certificate and key are in a folder, `ca.pem` and `ca.key`.
pub(crate) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The certificate's file.
    pub(crate) certificate: PathBuf,
    /// The key's file, which only its owner can read.
    pub(crate) key: PathBuf,
}

/// Why no certificate was made.
#[derive(Debug, Error)]
pub(crate) enum AuthorityError {
    #[error("cannot keep certificates in {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    #[error("the authority in {folder} cannot be used ({why}): delete {folder}/ca.pem and {folder}/ca.key, and a new one is made, which nobody trusts yet", folder = folder.display())]
    Broken {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: rcgen::Error,
    },
    #[error("{name:?} cannot stand in a certificate: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: rcgen::Error,
    },
    #[error("the certificate could not be made: {0}")]
    Making(#[from] rcgen::Error),
}

impl Authority {
    /// The authority in `folder`; made, with the folder, if there is none yet.
    pub(crate) fn open_or_make(folder: &Path) -> Result<Self, AuthorityError> {
        let pair = pair(folder, CA);
        match (read(&pair.certificate)?, read(&pair.key)?) {
            (Some(certificate), Some(key)) => {
                let broken = |why| AuthorityError::Broken { folder: folder.to_owned(), why };
                let key = KeyPair::from_pem(&key).map_err(broken)?;
                let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(broken)?;
                Ok(Self { folder: folder.to_owned(), issuer })
            }
            _ => Self::make(folder, &pair),
        }
    }

    fn make(folder: &Path, pair: &Pair) -> Result<Self, AuthorityError> {
        fs::create_dir_all(folder)
            .map_err(|source| AuthorityError::File { path: folder.to_owned(), source })?;
        let key = KeyPair::generate()?;
        let mut params = params(AUTHORITY_LASTS);
        // Where two of them meet in one store, their names should tell which is which.
        let day = super::date(unix_now());
        let number = key.public_key_raw().iter().rev().take(2).map(|byte| format!("{byte:02x}"));
        let name = format!("Lacewing development authority {day} {}", number.collect::<String>());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        write(pair, &certificate.pem(), &key.serialize_pem())?;
        Ok(Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) })
    }

    /// The file that devices have to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        pair(&self.folder, CA).certificate
    }

    /// Makes the server's certificate, `server.pem`, for hosts and addresses; the old one is replaced.
    pub(crate) fn make_server(&self, names: &[String]) -> Result<Pair, AuthorityError> {
        let mut params = params(LASTS);
        for name in names {
            let alternatives = CertificateParams::new(vec![name.clone()])
                .map_err(|why| AuthorityError::Name { name: name.clone(), why })?
                .subject_alt_names;
            params.subject_alt_names.extend(alternatives);
        }
        let first = names.first().map_or("lacewing", String::as_str);
        params.distinguished_name.push(DnType::CommonName, first);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, SERVER)
    }

    /// The server's certificate, if it is for all of `names` and lasts a while; else a new one.
    pub(crate) fn server(&self, names: &[String]) -> Result<Pair, AuthorityError> {
        let pair = pair(&self.folder, SERVER);
        match files::read(&pair.certificate, &pair.key, unix_now() + RENEWED_BEFORE) {
            Ok(material) if names.iter().all(|name| material.names.contains(name)) => Ok(pair),
            _ => self.make_server(names),
        }
    }

    /// Makes a client's certificate, `client-NAME.pem`, whose holder is the user `name`.
    pub(crate) fn make_client(&self, name: &str) -> Result<Pair, AuthorityError> {
        let mut params = params(LASTS);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let plain =
            |letter: char| if letter.is_alphanumeric() || "-_.@".contains(letter) { letter } else { '_' };
        self.sign(params, &format!("client-{}", name.chars().map(plain).collect::<String>()))
    }

    fn sign(&self, mut params: CertificateParams, file: &str) -> Result<Pair, AuthorityError> {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let pair = pair(&self.folder, file);
        write(&pair, &certificate.pem(), &key.serialize_pem())?;
        Ok(pair)
    }
}

/// Valid from yesterday, because clocks differ.
fn params(lasts: i64) -> CertificateParams {
    let day = |seconds| {
        let time = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
        date_time_ymd(time.year(), time.month() as u8, time.day() as u8)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = day(unix_now() - DAY);
    params.not_after = day(unix_now() + lasts);
    params
}

fn pair(folder: &Path, name: &str) -> Pair {
    Pair { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
}

/// The text of a file, if there is one.
fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::File { path: path.to_owned(), source }),
    }
}

fn write(pair: &Pair, certificate: &str, key: &str) -> Result<(), AuthorityError> {
    for (path, text, mode) in [(&pair.key, key, 0o600), (&pair.certificate, certificate, 0o644)] {
        replace(path, text, mode).map_err(|source| AuthorityError::File { path: path.clone(), source })?;
    }
    Ok(())
}

/// Writes the whole file under another name first, so that no one ever reads half of it.
fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_authority_outlives_its_process_and_its_servers_are_kept_while_they_fit() {
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::open_or_make(folder.path()).unwrap();
        let pair = first.server(&names(&["localhost", "127.0.0.1"])).unwrap();
        let text = fs::read_to_string(&pair.certificate).unwrap();
        let ca = fs::read_to_string(first.certificate()).unwrap();

        let second = Authority::open_or_make(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(second.certificate()).unwrap(), ca);
        second.server(&names(&["localhost"])).unwrap();
        assert_eq!(fs::read_to_string(&pair.certificate).unwrap(), text);
        second.server(&names(&["localhost", "pi.local"])).unwrap();
        assert_ne!(fs::read_to_string(&pair.certificate).unwrap(), text);
        let material = files::read(&pair.certificate, &pair.key, unix_now()).unwrap();
        assert_eq!(material.names, ["localhost", "pi.local"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_keys() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_make(folder.path()).unwrap();
        let client = authority.make_client("hall/lamp").unwrap();
        assert!(client.key.ends_with("client-hall_lamp.key"));
        for key in [folder.path().join("ca.key"), client.key] {
            assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_authority_is_an_error_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        Authority::open_or_make(folder.path()).unwrap();
        fs::write(folder.path().join("ca.key"), "garbage").unwrap();
        assert!(matches!(Authority::open_or_make(folder.path()), Err(AuthorityError::Broken { .. })));
        assert_eq!(fs::read_to_string(folder.path().join("ca.key")).unwrap(), "garbage");
    }
}

//! Certificates for a test, made as people make them, and TLS clients that use them.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned, SupportedProtocolVersion,
    version,
};
use tempfile::TempDir;

use crate::daemon::{command, patient};

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A folder of `lacewing certificate`.
pub(crate) struct Vault {
    folder: TempDir,
}

impl Vault {
    /// An authority, a server for `localhost`, and the users of `clients`.
    pub(crate) fn new(clients: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let vault = Self { folder };
        vault.make(&["--for", "localhost", "--for", "127.0.0.1"]);
        for client in clients {
            vault.make(&["--client", client]);
        }
        vault
    }

    /// `lacewing certificate` with `args`; gives what it says.
    pub(crate) fn make(&self, args: &[&str]) -> String {
        let output = command(&["certificate"]).args(args).arg(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn text(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }

    /// The arguments of a `lacewing` that shows its certificate on both listeners.
    pub(crate) fn args(&self) -> Vec<String> {
        let (certificate, key) = (self.text("server.pem"), self.text("server.key"));
        let args = [
            "--mqtts",
            "localhost:0",
            "--https",
            "localhost:0",
            "--tls-cert",
            &certificate,
            "--tls-key",
            &key,
        ];
        args.map(str::to_owned).to_vec()
    }

    /// The same, with a certificate asked of devices.
    pub(crate) fn args_with_clients(&self) -> Vec<String> {
        let mut args = self.args();
        args.extend(["--tls-client-ca".to_owned(), self.text("ca.pem")]);
        args
    }

    /// What a client is made of that trusts the authority.
    pub(crate) fn trusting(&self) -> ClientConfig {
        builder(&self.path("ca.pem"), ALL).with_no_client_auth()
    }

    /// The same for one version of TLS.
    pub(crate) fn trusting_by(&self, version: &'static SupportedProtocolVersion) -> ClientConfig {
        builder(&self.path("ca.pem"), &[version]).with_no_client_auth()
    }

    /// The same, and it shows the certificate of `user`.
    pub(crate) fn as_user(&self, user: &str) -> ClientConfig {
        self.showing(&format!("client-{user}"))
    }

    /// The same, and it shows the certificate in `NAME.pem`.
    pub(crate) fn showing(&self, name: &str) -> ClientConfig {
        let chain = certificates(&self.path(&format!("{name}.pem")));
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
        let builder = builder(&self.path("ca.pem"), ALL);
        builder.with_client_auth_cert(chain, key).unwrap()
    }
}

const ALL: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

fn builder(
    ca: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(certificates(ca).remove(0)).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

/// A TLS connection to `port`; its handshake happens with the first bytes.
pub(crate) fn dial(config: ClientConfig, port: u16) -> TlsStream {
    let socket = patient(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(connection, socket)
}

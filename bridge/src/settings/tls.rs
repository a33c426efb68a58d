//! What is said about TLS: where the certificate comes from, and whose certificates count.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::Args;
use serde::Deserialize;

/// The flags about TLS.
#[derive(Debug, Default, Args)]
pub(super) struct TlsFlags {
    /// The certificate that --mqtts and --https show, a PEM file with its chain; read again on SIGHUP
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// The private key of that certificate, a PEM file
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Lets in devices with certificates of these authorities only, each under the name in its certificate; a PEM file
    ///
    /// The settings file can make it an offer: `require-client-certificate = false` in its table `tls`. The dashboard
    /// itself is shown to everyone; it is the pairing token that lets a page in.
    #[arg(long, value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,

    /// Makes a development certificate, kept in the data folder, and uses it
    ///
    /// Nobody trusts it by itself: devices and browsers have to be told to, by the file that is named at the start.
    /// `lacewing certificate --help` tells more.
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    tls_dev: bool,
}

/// The table `tls` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TlsTable {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(alias = "client_ca")]
    client_ca: Option<PathBuf>,
    #[serde(alias = "require_client_certificate")]
    require_client_certificate: Option<bool>,
    dev: bool,
}

/// What TLS is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Where the certificate comes from.
    pub(crate) source: Source,
    /// The authorities whose client certificates count.
    pub(crate) client_ca: Option<PathBuf>,
    /// Whether a device has to show one of theirs.
    pub(crate) client_required: bool,
}

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// From files that someone else made.
    Files {
        /// The certificate and its chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// From an authority of our own.
    Development,
}

impl TlsFlags {
    /// The flags over the table. `None` when nothing is said; `wanted` tells whether there are listeners for it.
    pub(super) fn over(self, table: TlsTable, wanted: bool) -> anyhow::Result<Option<Tls>> {
        let of_flags = self.tls_dev || self.tls_cert.is_some() || self.tls_key.is_some();
        let (certificate, key, dev) = if of_flags {
            (self.tls_cert, self.tls_key, self.tls_dev)
        } else {
            (table.certificate, table.key, table.dev)
        };
        let client_ca = self.tls_client_ca.or(table.client_ca);
        let source = match (certificate, key) {
            (None, None) if dev => Source::Development,
            (Some(certificate), Some(key)) if !dev => Source::Files { certificate, key },
            (None, None) if wanted => bail!(
                "--mqtts and --https need a certificate: --tls-cert FILE and --tls-key FILE, or --tls-dev, which makes one for \
                 trying things out"
            ),
            (None, None) => {
                ensure!(
                    client_ca.is_none(),
                    "--tls-client-ca needs --mqtts or --https, where certificates are shown"
                );
                return Ok(None);
            }
            (Some(_), Some(_)) => bail!("a certificate and a development certificate: one of them is enough"),
            _ => bail!("a certificate and its key belong together: --tls-cert FILE and --tls-key FILE"),
        };
        ensure!(
            wanted,
            "there is a certificate and no listener that shows it: add --mqtts localhost:8883 (devices) or --https \
             localhost:8843 (the dashboard)"
        );
        let client_required = table.require_client_certificate.unwrap_or(true);
        Ok(Some(Tls { source, client_ca, client_required }))
    }
}

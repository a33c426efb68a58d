//! `lacewing certificate`: makes certificates, and says what they are good for.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Args;

use crate::tls::Authority;

/// What to make.
#[derive(Debug, Args)]
pub(crate) struct CertificateFlags {
    /// A host name or address that the server is reached by (`localhost`, `pi.local`, `192.168.1.20`); may be repeated
    ///
    /// [default: localhost, 127.0.0.1 and ::1]
    #[arg(long = "for", value_name = "HOST")]
    hosts: Vec<String>,

    /// Makes a client certificate as well, whose holder is the user NAME; may be repeated
    #[arg(long = "client", value_name = "NAME")]
    clients: Vec<String>,

    /// The folder for the certificates; an authority that is there already (ca.pem, ca.key) is used again
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Makes what is asked for and prints what it is.
pub(crate) fn make(flags: &CertificateFlags) -> anyhow::Result<()> {
    let words = words(flags)?;
    // Nobody may be there to read it.
    let _ = std::io::stdout().write_all(words.as_bytes());
    Ok(())
}

fn words(flags: &CertificateFlags) -> anyhow::Result<String> {
    for client in &flags.clients {
        let fits = !client.is_empty() && client.len() <= 64 && !client.chars().any(char::is_control);
        ensure!(
            fits,
            "{client:?} is no name for a certificate: 1 to 64 bytes, no control characters (--client)"
        );
    }
    let authority = Authority::open_or_make(&flags.folder)?;
    let ca = authority.certificate();
    let mut words = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(words, "Certificates in {}:", flags.folder.display());
    let _ = writeln!(
        words,
        "  ca.pem       your authority: the file that devices and browsers are told to trust"
    );
    let _ = writeln!(
        words,
        "  ca.key       its key. Who has it can pose as any server, the bank's too, to everyone who trusts ca.pem: it stays here"
    );
    let server = flags.folder.join("server.pem");
    // Another client does not need another server.
    if !flags.hosts.is_empty() || flags.clients.is_empty() || !server.exists() {
        let hosts = if flags.hosts.is_empty() { loopback() } else { flags.hosts.clone() };
        authority.make_server(&hosts)?;
        let _ =
            writeln!(words, "  server.pem   for {}, valid 825 days; its key: server.key", hosts.join(", "));
    }
    for client in &flags.clients {
        let pair = authority.make_client(client)?;
        let _ = writeln!(
            words,
            "  {}   its holder is the user {client:?}; with its key: {}",
            name(&pair.certificate),
            name(&pair.key)
        );
    }
    let _ = write!(words, "\n{}", start(&flags.folder, &ca, !flags.clients.is_empty()));
    let _ = write!(words, "\n{}", trust(&ca));
    Ok(words)
}

/// The hosts of a certificate that is for this machine only.
pub(crate) fn loopback() -> Vec<String> {
    ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec()
}

fn start(folder: &Path, ca: &Path, clients: bool) -> String {
    let folder = folder.display();
    let clients = if clients { format!(" --tls-client-ca {}", ca.display()) } else { String::new() };
    format!(
        "Start with it:\n  lacewing --mqtts localhost:8883 --https localhost:8843 --tls-cert {folder}/server.pem \
         --tls-key {folder}/server.key{clients}\n"
    )
}

fn trust(ca: &Path) -> String {
    let ca = ca.display();
    format!(
        "Nobody trusts it yet: no browser, no phone, no program, until it is told to.\n\
         \x20 mosquitto   mosquitto_pub --cafile {ca} -h localhost -p 8883 -t test -m hello\n\
         \x20 Node.js     mqtt.connect('mqtts://localhost:8883', {{ ca: fs.readFileSync('{ca}') }})\n\
         \x20 Python      client.tls_set(ca_certs='{ca}')\n\
         \x20 ESP32       WiFiClientSecure::setCACert, with the text of ca.pem\n\
         \x20 browsers    import ca.pem among the authorities (Settings, Privacy and security, Certificates); until then they warn\n\
         \x20 phones      send ca.pem to the phone and install it as a CA certificate, in its security settings\n\
         A client with a certificate of its own shows it with --cert and --key (mosquitto).\n"
    )
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

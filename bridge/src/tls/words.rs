//! Why a handshake failed, and what to do about it.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

/// The first byte of a TLS record that greets.
const HANDSHAKE: u8 = 0x16;
/// The first byte of an MQTT CONNECT.
const CONNECT: u8 = 0x10;

/// What somebody speaks who says `first` first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// TLS.
    Tls,
    /// MQTT without TLS.
    Mqtt,
    /// HTTP without TLS.
    Http,
    /// Something else.
    Unknown,
}

impl Tongue {
    /// What the first bytes are the beginning of.
    pub(crate) fn of(first: &[u8]) -> Self {
        match first {
            [HANDSHAKE] | [HANDSHAKE, 3, ..] => Self::Tls,
            [CONNECT, ..] => Self::Mqtt,
            [b'A'..=b'Z', rest @ ..] if rest.first().is_none_or(u8::is_ascii_uppercase) => Self::Http,
            _ => Self::Unknown,
        }
    }
}

/// What the other end is told that speaks TLS where nobody understands it: a fatal alert, "unexpected message".
pub(crate) const NO_TLS_HERE: &[u8] = &[0x15, 3, 1, 0, 2, 2, 10];

/// Why the handshake, or the connection, failed: "its handshake failed: …".
pub(crate) fn why(error: &Error) -> String {
    let words = match error {
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError,
        ) => {
            "it does not trust our certificate: give it the file of the authority (mosquitto's clients: --cafile FILE), and \
             see that the certificate is for the name it connects to"
        }
        Error::AlertReceived(AlertDescription::CertificateExpired) => "it finds our certificate expired",
        Error::NoCertificatesPresented => {
            "it shows no client certificate, and one is required (mosquitto's clients: --cert FILE --key FILE)"
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its client certificate is not signed by an authority of --tls-client-ca"
        }
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "its client certificate has expired"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "its client certificate is not valid yet: is the clock of this machine right?",
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
        ) => "its certificate is not one for clients",
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => "it offers only versions of TLS that are too old: 1.2 or 1.3 is needed",
        Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
            "it offers no cipher that is known here"
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "it does not speak TLS",
        error => return error.to_string(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_somebody_speaks() {
        assert_eq!(Tongue::of(b"\x16\x03\x01\x02\x00\x01"), Tongue::Tls);
        assert_eq!(Tongue::of(b"\x16"), Tongue::Tls);
        assert_eq!(Tongue::of(b"\x10\x0C\x00\x04MQTT"), Tongue::Mqtt);
        assert_eq!(Tongue::of(b"GET / HTTP/1.1"), Tongue::Http);
        assert_eq!(Tongue::of(b"\x16\x00"), Tongue::Unknown);
        assert_eq!(Tongue::of(b"\xff\xfe"), Tongue::Unknown);
    }
}

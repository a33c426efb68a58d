//! The user name in a client certificate.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use thiserror::Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The longest name, in bytes: what the link to a tab carries.
const NAME_MAX: usize = 256;

/// Why a verified certificate gives no user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum IdentityError {
    #[error("its client certificate cannot be read")]
    Unreadable,
    #[error("its client certificate names nobody: it has neither a common name nor an alternative one")]
    Nameless,
    #[error("the name in its client certificate is longer than {NAME_MAX} bytes or has control characters")]
    Unfit,
}

/// The first common name of the subject; without one, the first alternative name.
pub(crate) fn name(certificate: &CertificateDer<'_>) -> Result<String, IdentityError> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| IdentityError::Unreadable)?;
    let common = certificate.subject().iter_common_name().next();
    let name = match common {
        Some(common) => common.as_str().map_err(|_| IdentityError::Unreadable)?.to_owned(),
        None => alternative_names(&certificate).into_iter().next().ok_or(IdentityError::Nameless)?,
    };
    if name.is_empty() {
        return Err(IdentityError::Nameless);
    }
    if name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(IdentityError::Unfit);
    }
    Ok(name)
}

/// The alternative names that can be written down: hosts, addresses, mailboxes and URIs.
pub(super) fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let written = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*octets).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|ip| ip.to_string())
        }
        _ => None,
    };
    extension.value.general_names.iter().filter_map(written).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn named(common: Option<&str>, alternatives: &[&str]) -> Result<String, IdentityError> {
        let alternatives: Vec<String> = alternatives.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(alternatives).unwrap();
        params.distinguished_name = DistinguishedName::new();
        if let Some(common) = common {
            params.distinguished_name.push(DnType::CommonName, common);
        }
        name(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn the_common_name_is_the_user_name() {
        assert_eq!(named(Some("Küche 1"), &["other.example"]).as_deref(), Ok("Küche 1"));
    }

    #[test]
    fn without_a_common_name_it_is_the_first_alternative_one() {
        assert_eq!(named(None, &["sensor.example", "192.0.2.7"]).as_deref(), Ok("sensor.example"));
        assert_eq!(named(None, &["192.0.2.7"]).as_deref(), Ok("192.0.2.7"));
    }

    #[test]
    fn a_name_that_is_no_user_name_is_refused_and_not_left_out() {
        assert_eq!(named(None, &[]), Err(IdentityError::Nameless));
        assert_eq!(named(Some(""), &["sensor.example"]), Err(IdentityError::Nameless));
        assert_eq!(named(Some("a\0b"), &[]), Err(IdentityError::Unfit));
        assert_eq!(named(Some(&"x".repeat(257)), &[]), Err(IdentityError::Unfit));
        assert_eq!(name(&CertificateDer::from(vec![1, 2, 3])), Err(IdentityError::Unreadable));
    }
}

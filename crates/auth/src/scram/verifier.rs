//! What a server keeps of a password for SCRAM: enough to check a proof, too little to make one.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::{Digest, METHOD, hmac};
use crate::{SALT_LENGTH, Salt};

/// Iterations of a verifier that is made here: a tenth of a second for a small client.
const ITERATIONS: u32 = 20_000;
/// The fewest that RFC 7677 allows, and as many as a client can be asked for.
const ITERATIONS_ALLOWED: std::ops::RangeInclusive<u32> = 4_096..=10_000_000;
/// The longest salt, in bytes.
const SALT_MAXIMUM: usize = 64;

/// A verifier in the form `SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY`, its parts in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramVerifier {
    pub(super) iterations: u32,
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: Digest,
    pub(super) server_key: Digest,
}

/// Why a text is no [`ScramVerifier`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum VerifierError {
    #[error("it is not a verifier as `lacewing password` makes it (SCRAM-SHA-256$…)")]
    Malformed,
    #[error("it has {0} iterations; 4096 to 10000000 are allowed")]
    Iterations(u32),
}

/// A password that SCRAM cannot carry: it holds characters that SASLprep (RFC 4013) forbids, as control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password holds characters that SCRAM does not allow")]
pub struct PasswordError;

impl ScramVerifier {
    /// The verifier of a password. Takes some milliseconds.
    ///
    /// # Errors
    /// [`PasswordError`] when it cannot be prepared as SCRAM demands.
    pub fn make(password: &str, salt: &Salt) -> Result<Self, PasswordError> {
        Self::make_with(password, salt, ITERATIONS)
    }

    pub(crate) fn make_with(password: &str, salt: &[u8], iterations: u32) -> Result<Self, PasswordError> {
        let password = stringprep::saslprep(password).map_err(|_| PasswordError)?;
        let mut salted = Digest::default();
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted);
        let client_key = hmac(&salted, &[b"Client Key"]);
        Ok(Self {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac(&salted, &[b"Server Key"]),
        })
    }

    /// What a name that nobody has is asked with: always the same for one name, and fitting no password.
    pub(crate) fn dummy(like: Option<&Self>, noise: &[u8; 32], name: &str) -> Self {
        let part = |label: &[u8]| hmac(noise, &[label, name.as_bytes()]);
        Self {
            iterations: like.map_or(ITERATIONS, |like| like.iterations),
            salt: part(b"salt ")[..SALT_LENGTH].to_vec(),
            stored_key: part(b"stored "),
            server_key: part(b"server "),
        }
    }
}

impl FromStr for ScramVerifier {
    type Err = VerifierError;

    fn from_str(text: &str) -> Result<Self, VerifierError> {
        let mut parts = text.split('$');
        let (Some(METHOD), Some(cost), Some(keys), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(VerifierError::Malformed);
        };
        let pair = |text: &str| text.split_once(':').map(|(left, right)| (left.to_owned(), right.to_owned()));
        let ((iterations, salt), (stored, server)) =
            pair(cost).zip(pair(keys)).ok_or(VerifierError::Malformed)?;
        let iterations: u32 = iterations.parse().map_err(|_| VerifierError::Malformed)?;
        if !ITERATIONS_ALLOWED.contains(&iterations) {
            return Err(VerifierError::Iterations(iterations));
        }
        let bytes = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| VerifierError::Malformed);
        let key = |text: &str| Digest::try_from(bytes(text)?).map_err(|_| VerifierError::Malformed);
        let salt = bytes(&salt)?;
        if salt.is_empty() || salt.len() > SALT_MAXIMUM {
            return Err(VerifierError::Malformed);
        }
        Ok(Self { iterations, salt, stored_key: key(&stored)?, server_key: key(&server)? })
    }
}

impl fmt::Display for ScramVerifier {
    /// The form that stands in the rules.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { iterations, salt, stored_key, server_key } = self;
        let (salt, stored, server) =
            (BASE64.encode(salt), BASE64.encode(stored_key), BASE64.encode(server_key));
        write!(f, "{METHOD}${iterations}:{salt}${stored}:{server}")
    }
}

impl fmt::Debug for ScramVerifier {
    /// Says what it costs, and nothing that helps to guess.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_survives_its_written_form() {
        let made = ScramVerifier::make_with("pencil", &[5; SALT_LENGTH], 4096).unwrap();
        let written = made.to_string();
        assert!(written.starts_with("SCRAM-SHA-256$4096:BQUFBQUFBQUFBQUFBQUFBQ==$"), "{written}");
        assert_eq!(written.parse::<ScramVerifier>().unwrap(), made);
    }

    #[test]
    fn what_is_no_verifier_is_refused() {
        let good = ScramVerifier::make_with("pencil", &[5; SALT_LENGTH], 4096).unwrap().to_string();
        for bad in [
            "",
            "SCRAM-SHA-256$",
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
            &good.replace("SHA-256", "SHA-1"),
            &good[..good.len() - 4],
            &format!("{good}$"),
        ] {
            assert_eq!(bad.parse::<ScramVerifier>().unwrap_err(), VerifierError::Malformed, "{bad}");
        }
        let few = good.replace("$4096:", "$1000:");
        assert_eq!(few.parse::<ScramVerifier>().unwrap_err(), VerifierError::Iterations(1000));
    }

    #[test]
    fn passwords_are_prepared_before_they_are_hashed() {
        // RFC 4013, §3: SOFT HYPHEN maps to nothing, ROMAN NUMERAL NINE to "IX".
        let made = |password| ScramVerifier::make_with(password, &[5; SALT_LENGTH], 4096);
        assert_eq!(made("I\u{ad}X"), made("IX"));
        assert_eq!(made("\u{2168}"), made("IX"));
        assert_eq!(made("\u{7}"), Err(PasswordError));
    }
}

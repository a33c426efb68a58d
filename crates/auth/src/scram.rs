//! SCRAM-SHA-256 (RFC 5802, RFC 7677): the client proves that it knows the password without sending it, and the server
//! that it knows the verifier.

mod exchange;
mod messages;
mod verifier;

pub use exchange::Exchange;
pub use messages::ScramError;
pub use verifier::{PasswordError, ScramVerifier, VerifierError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The Authentication Method's name.
pub const METHOD: &str = "SCRAM-SHA-256";

/// A SHA-256 hash, and whatever is as long.
type Digest = [u8; 32];

pub(crate) fn hmac(key: &Digest, parts: &[&[u8]]) -> Digest {
    // As HMAC itself does with a key shorter than a block.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// A client's last message, for tests: `first` is its first one, `challenge` what the server answered.
#[cfg(test)]
pub(crate) fn client_final(
    first: &str,
    nonce: &str,
    challenge: &str,
    password: &str,
    salt: &[u8],
    iterations: u32,
) -> String {
    use data_encoding::BASE64;
    use sha2::Digest as _;

    let (header, bare) = first.split_at(first.find("n=").unwrap_or_default());
    let without_proof = format!("c={},r={nonce}", BASE64.encode(header.as_bytes()));
    let mut salted = Digest::default();
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted);
    let client_key = hmac(&salted, &[b"Client Key"]);
    let stored_key: Digest = Sha256::digest(client_key).into();
    let signature = hmac(&stored_key, &[format!("{bare},{challenge},{without_proof}").as_bytes()]);
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, byte)| key ^ byte).collect();
    format!("{without_proof},p={}", BASE64.encode(&proof))
}

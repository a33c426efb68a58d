//! A client's side of SCRAM-SHA-256, after RFC 5802.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn salted(password: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted);
    salted
}

/// What a server keeps.
pub(crate) fn verifier(password: &str, salt: &[u8], iterations: u32) -> String {
    let salted = salted(password, salt, iterations);
    let stored = BASE64.encode(&Sha256::digest(hmac(&salted, b"Client Key")));
    let server = BASE64.encode(&hmac(&salted, b"Server Key"));
    format!("SCRAM-SHA-256${iterations}:{}${stored}:{server}", BASE64.encode(salt))
}

/// The client's last message after its first and the server's; and what the server has to answer.
pub(crate) fn answer(first: &str, challenge: &str, password: &str) -> (String, String) {
    let (nonce, rest) = challenge.strip_prefix("r=").unwrap().split_once(",s=").unwrap();
    let (salt, iterations) = rest.split_once(",i=").unwrap();
    let salted = salted(password, &BASE64.decode(salt.as_bytes()).unwrap(), iterations.parse().unwrap());
    let (header, bare) = first.split_at(first.find("n=").unwrap());
    let without_proof = format!("c={},r={nonce}", BASE64.encode(header.as_bytes()));
    let signed = format!("{bare},{challenge},{without_proof}");
    let client_key = hmac(&salted, b"Client Key");
    let signature = hmac(&Sha256::digest(client_key), signed.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, byte)| key ^ byte).collect();
    let server = hmac(&hmac(&salted, b"Server Key"), signed.as_bytes());
    (format!("{without_proof},p={}", BASE64.encode(&proof)), format!("v={}", BASE64.encode(&server)))
}

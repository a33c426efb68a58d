//! The server's side of one exchange.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::messages::{ClientFinal, ClientFirst};
use super::{Digest, ScramError, ScramVerifier, hmac};

/// An exchange after the client's first message.
#[derive(Debug)]
pub struct Exchange {
    name: String,
    /// The header that the client's last message has to repeat.
    header: String,
    /// `client-first-message-bare`, a comma, and what was answered.
    so_far: String,
    nonce: String,
    verifier: ScramVerifier,
}

impl Exchange {
    /// Begins with the client's first message; says what to answer. `nonce` is printable, without a comma, and has
    /// never been used; `verifier` finds what belongs to the name that the client gives.
    ///
    /// # Errors
    /// [`ScramError`] when the message is not one, or asks for what there is not.
    pub fn begin(
        first: &[u8],
        nonce: &str,
        verifier: impl FnOnce(&str) -> ScramVerifier,
    ) -> Result<(Self, String), ScramError> {
        let ClientFirst { header, bare, name, nonce: theirs } = ClientFirst::parse(first)?;
        let verifier = verifier(&name);
        let nonce = theirs + nonce;
        let answer = format!("r={nonce},s={},i={}", BASE64.encode(&verifier.salt), verifier.iterations);
        let so_far = format!("{bare},{answer}");
        Ok((Self { name, header, so_far, nonce, verifier }, answer))
    }

    /// The name that the client gave.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the proof is checked against this verifier.
    pub(crate) fn is_by(&self, verifier: &ScramVerifier) -> bool {
        self.verifier == *verifier
    }

    /// Ends with the client's last message; says what to answer when its proof is right.
    ///
    /// # Errors
    /// [`ScramError::WrongProof`], or another one when the message does not belong to this exchange.
    pub fn finish(self, last: &[u8]) -> Result<String, ScramError> {
        let ClientFinal { without_proof, header, nonce, proof } = ClientFinal::parse(last)?;
        if header != self.header.as_bytes() || nonce != self.nonce {
            return Err(ScramError::Malformed);
        }
        let signed: [&[u8]; 3] = [self.so_far.as_bytes(), b",", without_proof.as_bytes()];
        let mut client_key: Digest = hmac(&self.verifier.stored_key, &signed);
        client_key.iter_mut().zip(proof).for_each(|(byte, proof)| *byte ^= proof);
        let stored_key: Digest = Sha256::digest(client_key).into();
        if !bool::from(stored_key.ct_eq(&self.verifier.stored_key)) {
            return Err(ScramError::WrongProof);
        }
        Ok(format!("v={}", BASE64.encode(&hmac(&self.verifier.server_key, &signed))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, §3.
    const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const LAST: &[u8] = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn pencil(name: &str) -> ScramVerifier {
        assert_eq!(name, "user");
        let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        ScramVerifier::make_with("pencil", &salt, 4096).unwrap()
    }

    #[test]
    fn the_exchange_of_rfc_7677_succeeds_byte_for_byte() {
        let (exchange, answer) = Exchange::begin(FIRST, NONCE, pencil).unwrap();
        assert_eq!(
            answer,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        assert_eq!(exchange.name(), "user");
        assert_eq!(exchange.finish(LAST).unwrap(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn a_wrong_proof_is_refused() {
        let (exchange, _) = Exchange::begin(FIRST, NONCE, pencil).unwrap();
        let wrong = String::from_utf8(LAST.to_vec()).unwrap().replace("p=dHzb", "p=eHzb");
        assert_eq!(exchange.finish(wrong.as_bytes()), Err(ScramError::WrongProof));
    }

    #[test]
    fn a_proof_does_not_count_a_second_time() {
        let (exchange, _) = Exchange::begin(FIRST, "anotherNonce", pencil).unwrap();
        assert_eq!(exchange.finish(LAST), Err(ScramError::Malformed));
    }

    #[test]
    fn a_header_that_changed_on_the_way_is_refused() {
        let (exchange, _) = Exchange::begin(b"y,,n=user,r=rOprNGfwEbeRWgbNEkqO", NONCE, pencil).unwrap();
        assert_eq!(exchange.finish(LAST), Err(ScramError::Malformed));
    }

    #[test]
    fn a_verifier_for_nobody_is_always_the_same_and_fits_nothing() {
        let nobody = |name: &str| ScramVerifier::dummy(None, &[9; 32], name);
        assert_eq!(nobody("user"), nobody("user"));
        assert_ne!(nobody("user"), nobody("ada"));
        let (exchange, _) = Exchange::begin(FIRST, NONCE, nobody).unwrap();
        assert_eq!(exchange.finish(LAST), Err(ScramError::WrongProof));
    }
}

//! SCRAM's messages as text (RFC 5802, §7).

use data_encoding::BASE64;

use super::Digest;

/// The longest message of a client that is read, in bytes.
const MESSAGE_MAXIMUM: usize = 4 * 1024;

/// Why an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ScramError {
    #[error("it is not the message that was due")]
    Malformed,
    #[error("channel binding is asked for and not offered")]
    ChannelBinding,
    #[error("an extension is demanded that is not known")]
    Extension,
    #[error("another name is asked for than the one that is proved")]
    OtherIdentity,
    #[error("the proof is wrong")]
    WrongProof,
}

/// `client-first-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst {
    /// `gs2-header`, to come back in the client's second message.
    pub(super) header: String,
    /// `client-first-message-bare`.
    pub(super) bare: String,
    pub(super) name: String,
    pub(super) nonce: String,
}

/// `client-final-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFinal<'a> {
    /// `client-final-message-without-proof`.
    pub(super) without_proof: &'a str,
    /// The header of the first message, once more.
    pub(super) header: Vec<u8>,
    pub(super) nonce: &'a str,
    pub(super) proof: Digest,
}

impl ClientFirst {
    pub(super) fn parse(data: &[u8]) -> Result<Self, ScramError> {
        let text = text(data)?;
        let (flag, rest) = text.split_once(',').ok_or(ScramError::Malformed)?;
        match flag {
            // "y" says that the client would bind if the server offered it. It does not, so nobody has come between.
            "n" | "y" => {}
            _ if flag.starts_with("p=") => return Err(ScramError::ChannelBinding),
            _ => return Err(ScramError::Malformed),
        }
        let (authorize, bare) = rest.split_once(',').ok_or(ScramError::Malformed)?;
        if bare.starts_with("m=") {
            return Err(ScramError::Extension);
        }
        let mut fields = bare.split(',');
        let name = plain_name(field(&mut fields, "n=")?)?;
        let nonce = field(&mut fields, "r=")?;
        if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ScramError::Malformed);
        }
        if !authorize.is_empty() {
            let asked = plain_name(authorize.strip_prefix("a=").ok_or(ScramError::Malformed)?)?;
            if asked != name {
                return Err(ScramError::OtherIdentity);
            }
        }
        Ok(Self {
            header: text[..text.len() - bare.len()].to_owned(),
            bare: bare.to_owned(),
            nonce: nonce.to_owned(),
            name,
        })
    }
}

impl<'a> ClientFinal<'a> {
    pub(super) fn parse(data: &'a [u8]) -> Result<Self, ScramError> {
        let text = text(data)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(ScramError::Malformed)?;
        let mut fields = without_proof.split(',');
        let base64 = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| ScramError::Malformed);
        let header = base64(field(&mut fields, "c=")?)?;
        let nonce = field(&mut fields, "r=")?;
        let proof = Digest::try_from(base64(proof)?).map_err(|_| ScramError::Malformed)?;
        Ok(Self { without_proof, header, nonce, proof })
    }
}

fn text(data: &[u8]) -> Result<&str, ScramError> {
    if data.len() > MESSAGE_MAXIMUM {
        return Err(ScramError::Malformed);
    }
    std::str::from_utf8(data).map_err(|_| ScramError::Malformed)
}

fn field<'a>(fields: &mut impl Iterator<Item = &'a str>, key: &str) -> Result<&'a str, ScramError> {
    fields.next().and_then(|field| field.strip_prefix(key)).ok_or(ScramError::Malformed)
}

/// A `saslname`: `=2C` stands for a comma and `=3D` for an equals sign, and neither stands for itself.
fn plain_name(name: &str) -> Result<String, ScramError> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('=') {
        plain.push_str(before);
        let (sign, after) = match after.as_bytes() {
            [b'2', b'C', ..] => (',', &after[2..]),
            [b'3', b'D', ..] => ('=', &after[2..]),
            _ => return Err(ScramError::Malformed),
        };
        plain.push(sign);
        rest = after;
    }
    plain.push_str(rest);
    if plain.is_empty() {
        return Err(ScramError::Malformed);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Result<ClientFirst, ScramError> {
        ClientFirst::parse(text.as_bytes())
    }

    #[test]
    fn a_first_message_is_taken_apart() {
        let message = first("y,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=nonce,x=later").unwrap();
        assert_eq!(message.header, "y,a=a=2Cb=3Dc,");
        assert_eq!(message.bare, "n=a=2Cb=3Dc,r=nonce,x=later");
        assert_eq!((message.name.as_str(), message.nonce.as_str()), ("a,b=c", "nonce"));
    }

    #[test]
    fn what_cannot_be_granted_is_refused() {
        assert_eq!(first("p=tls-exporter,,n=a,r=b"), Err(ScramError::ChannelBinding));
        assert_eq!(first("n,,m=x,n=a,r=b"), Err(ScramError::Extension));
        assert_eq!(first("n,a=root,n=a,r=b"), Err(ScramError::OtherIdentity));
        for bad in [
            "",
            "n",
            "n,",
            "n,,",
            "n,,n=a",
            "n,,r=b,n=a",
            "n,,n=,r=b",
            "n,,n=a,r=",
            "n,,n==,r=b",
            "x,,n=a,r=b",
        ] {
            assert_eq!(first(bad), Err(ScramError::Malformed), "{bad}");
        }
        assert_eq!(first("n,,n=a,r=b\u{e9}"), Err(ScramError::Malformed));
        assert_eq!(first(&format!("n,,n={},r=b", "a".repeat(5000))), Err(ScramError::Malformed));
    }

    #[test]
    fn a_last_message_without_a_whole_proof_is_refused() {
        for bad in [&b"c=biws,r=n"[..], b"c=biws,r=n,p=", b"c=biws,r=n,p=AAAA", b"r=n,c=biws,p=AAAA", b"\xff"]
        {
            assert_eq!(ClientFinal::parse(bad), Err(ScramError::Malformed));
        }
    }
}

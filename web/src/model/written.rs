//! A payload as it is written in the composer: text, or bytes in hex.

/// The payload as text for its field, and whether that is hex.
pub fn shown(payload: &[u8]) -> (String, bool) {
    match std::str::from_utf8(payload) {
        Ok(text) => (text.into(), false),
        Err(_) => (hex(payload), true),
    }
}

/// The bytes that `text` stands for.
///
/// # Errors
/// A sentence, when it is to be hex and is not.
pub fn payload(text: &str, is_hex: bool) -> Result<Vec<u8>, String> {
    if !is_hex {
        return Ok(text.as_bytes().to_vec());
    }
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.ok_or("A byte is two digits, 0 to 9 or a to f.")?;
    if digits.len() % 2 != 0 {
        return Err("A digit is missing: a byte is two of them.".into());
    }
    Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Bytes as pairs of digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_written_in_hex_and_read_back() {
        let bytes = [0xff, 0x00, 0x7f];
        assert_eq!(shown(&bytes), ("ff 00 7f".into(), true));
        assert_eq!(payload("FF 00\n7f", true).unwrap(), bytes);
        assert_eq!(shown("grün".as_bytes()), ("grün".into(), false));
    }

    #[test]
    fn what_is_not_hex_is_explained() {
        assert!(payload("0x", true).unwrap_err().contains("two digits"));
        assert!(payload("abc", true).unwrap_err().contains("missing"));
        assert_eq!(payload("abc", false).unwrap(), b"abc");
    }
}

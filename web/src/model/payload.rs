//! A payload as a person can read it.

use crate::wire::Body;

/// The longest preview in characters.
const PREVIEW: usize = 160;
/// The most payload bytes that are laid out.
const SHOWN: usize = 16 * 1024;

/// The start of a payload in one line, and whether it is text; `None` when it is empty.
pub(crate) fn preview(payload: &[u8]) -> Option<(String, bool)> {
    if payload.is_empty() {
        return None;
    }
    let head = &payload[..payload.len().min(PREVIEW * 4)];
    match text(head, payload.len()) {
        Some(text) => Some((one_line(text), true)),
        None => {
            let bytes: Vec<String> = payload.iter().take(24).map(|byte| format!("{byte:02x}")).collect();
            let more = if payload.len() > 24 { " …" } else { "" };
            Some((format!("{}{more}", bytes.join(" ")), false))
        }
    }
}

/// The whole payload, and how many bytes of it are left out.
pub(crate) fn body(payload: &[u8]) -> (Body, u32) {
    if payload.is_empty() {
        return (Body::Empty, 0);
    }
    let shown = &payload[..payload.len().min(SHOWN)];
    let cut = u32::try_from(payload.len() - shown.len()).unwrap_or(u32::MAX);
    let Some(text) = text(shown, payload.len()) else { return (Body::Hex(hex(shown)), cut) };
    let json = cut == 0 && text.starts_with(['{', '[']);
    match json.then(|| serde_json::from_str::<serde_json::Value>(text)) {
        Some(Ok(value)) => (Body::Json(serde_json::to_string_pretty(&value).unwrap_or_default()), 0),
        _ => (Body::Text(text.into()), cut),
    }
}

/// `head` as printable text, when the payload it begins is that. A character cut at the end of `head` is left
/// out, if `head` is not the whole.
fn text(head: &[u8], whole: usize) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() < whole => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).then_some(text)
}

fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(PREVIEW).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(PREVIEW).is_some() {
        line.push('…');
    }
    line
}

fn hex(bytes: &[u8]) -> String {
    let mut lines = String::new();
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let codes: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let ascii: String = chunk
            .iter()
            .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '·' })
            .collect();
        lines.push_str(&format!("{:06x}  {:<47}  {ascii}\n", row * 16, codes.join(" ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_bytes_as_hex() {
        assert_eq!(preview(b"20.4"), Some(("20.4".into(), true)));
        assert_eq!(preview(&[0xff, 0x00]), Some(("ff 00".into(), false)));
        assert_eq!(preview(b""), None);
        assert_eq!(preview(b"a\nb"), Some(("a b".into(), true)));
    }

    #[test]
    fn a_long_payload_cut_inside_a_character_is_still_text() {
        let long = "ä".repeat(100_000);
        let (line, text) = preview(long.as_bytes()).unwrap();
        assert!(text && line.ends_with('…'));
        let (Body::Text(shown), cut) = body(long.as_bytes()) else { panic!("not text") };
        assert_eq!(shown.len() + cut as usize, long.len());
    }

    #[test]
    fn json_is_laid_out() {
        assert_eq!(body(br#"{"a":1}"#), (Body::Json("{\n  \"a\": 1\n}".into()), 0));
        assert_eq!(body(b"{not json"), (Body::Text("{not json".into()), 0));
    }

    #[test]
    fn hex_has_sixteen_bytes_a_line() {
        let (Body::Hex(hex), 0) = body(&[0xc3; 17]) else { panic!("not hex") };
        assert_eq!(hex.lines().count(), 2);
        assert!(hex.starts_with("000000  c3 c3"));
    }
}

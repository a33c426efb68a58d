//! A payload as a person can read it.

use std::iter;

use crate::wire::Body;

/// The longest preview in characters.
const PREVIEW: usize = 160;
/// The most payload bytes that are laid out.
const SHOWN: usize = 16 * 1024;
/// How far members within members are moved to the right at most.
const DEEPEST: usize = 20;

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
    let is_json = cut == 0
        && text.starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    match is_json {
        true => (Body::Json(laid_out(text)), 0),
        false => (Body::Text(text.into()), cut),
    }
}

/// JSON with a line for each member. All else is as it was sent: the order of the members, and how numbers are written.
fn laid_out(json: &str) -> String {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(iter::repeat_n("  ", depth.min(DEEPEST)));
    };
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut is_escaped, mut before) = (0_usize, false, false, ' ');
    for letter in json.chars() {
        if in_string {
            out.push(letter);
            in_string = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
            continue;
        }
        if letter.is_ascii_whitespace() {
            continue;
        }
        let is_first = matches!(before, '{' | '[');
        match letter {
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !is_first {
                    line(&mut out, depth);
                }
            }
            _ if is_first || before == ',' => line(&mut out, depth),
            _ => {}
        }
        out.push(letter);
        match letter {
            '{' | '[' => depth += 1,
            ':' => out.push(' '),
            '"' => in_string = true,
            _ => {}
        }
        before = letter;
    }
    out
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
        let sent = r#"{"text": "a, \"b\": {c}", "n":1.50,"none":[],"all":[1,{}]}"#;
        let shown = "{\n  \"text\": \"a, \\\"b\\\": {c}\",\n  \"n\": 1.50,\n  \"none\": [],\n  \"all\": [\n    1,\n    {}\n  ]\n}";
        assert_eq!(body(sent.as_bytes()), (Body::Json(shown.into()), 0));
        let deep = "[".repeat(8_000) + &"]".repeat(8_000);
        assert!(matches!(body(deep.as_bytes()), (Body::Json(text), 0) if text.len() < 1_000_000));
    }

    #[test]
    fn hex_has_sixteen_bytes_a_line() {
        let (Body::Hex(hex), 0) = body(&[0xc3; 17]) else { panic!("not hex") };
        assert_eq!(hex.lines().count(), 2);
        assert!(hex.starts_with("000000  c3 c3"));
    }
}

/// The number that a payload says, as JSON writes numbers; `None` for any other text.
///
/// Devices say few digits. The standard library's parser finds the nearest number to any text of any length, and brings ten kilobytes of
/// tables for it into what a browser fetches.
pub fn number(text: &str) -> Option<f64> {
    serde_json::from_str(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn what_devices_say_is_read_to_the_last_digit_and_nothing_else_is() {
        for tenths in -500..1500 {
            let text = format!("{:.1}", f64::from(tenths) / 10.0);
            assert_eq!(number(&text), text.parse().ok());
        }
        assert_eq!((number(" 21 "), number("1e2"), number("-0.25")), (Some(21.0), Some(100.0), Some(-0.25)));
        for text in ["", "warm", "21,5", "NaN", "inf", "1e999", "21 °C", "\"21\""] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}

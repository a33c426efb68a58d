//! Lengths as drawings and style sheets are written.

use std::fmt;

/// A length with a tenth of a pixel, as "12" or "-0.5". The library's way to write a number is exact to its last digit, and sixteen kilobytes
/// of program that would be used for nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Px(i64);

/// A length in pixels, or any other number of which a tenth is near enough.
pub fn px(length: f64) -> Px {
    Px((length * 10.0).round() as i64)
}

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, tenths) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}", tenths / 10)?;
        if tenths.is_multiple_of(10) { Ok(()) } else { write!(f, ".{}", tenths % 10) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_written_to_the_nearest_tenth() {
        let written =
            [0.0, 12.0, 12.04, 12.06, -0.5, -0.04, -12.34, 1e300].map(|length| px(length).to_string());
        assert_eq!(written[..7], ["0", "12", "12", "12.1", "-0.5", "0", "-12.3"]);
        assert_eq!(written[7], "922337203685477580.7", "what is no place on any page is some number");
        assert_eq!(px(f64::NAN).to_string(), "0");
    }
}

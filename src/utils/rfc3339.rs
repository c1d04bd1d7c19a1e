//! An instant as text, as chrono writes it but without its formatting machinery, which took a page of leads a tenth of its time.

use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use serde::Serializer;

/// The longest text of a year with four digits: `2026-01-01T00:00:00.000000000Z`.
const LONGEST: usize = 30;
/// How much of it goes before a fraction of a second.
const WHOLE: usize = 19;

/// Writes an instant as RFC 3339 has it, in UTC: seconds, or as many thousandths of them as it has.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = [0; LONGEST];
    match write(*instant, &mut text) {
        Some(text) => serializer.serialize_str(text),
        None => serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
    }
}

/// None for a year that does not have four digits, or a leap second.
fn write(instant: DateTime<Utc>, text: &mut [u8; LONGEST]) -> Option<&str> {
    let (time, nanos) = (instant.naive_utc(), instant.nanosecond());
    let year = u32::try_from(time.year()).ok().filter(|year| *year <= 9999)?;
    if nanos >= 1_000_000_000 {
        return None;
    }
    *text = *b"0000-00-00T00:00:00.000000000Z";
    digits(&mut text[..4], year);
    digits(&mut text[5..7], time.month());
    digits(&mut text[8..10], time.day());
    digits(&mut text[11..13], time.hour());
    digits(&mut text[14..16], time.minute());
    digits(&mut text[17..19], time.second());
    digits(&mut text[20..29], nanos);
    let end = match nanos {
        0 => WHOLE,
        _ if nanos % 1_000_000 == 0 => WHOLE + 4,
        _ if nanos % 1_000 == 0 => WHOLE + 7,
        _ => WHOLE + 10,
    };
    text[end] = b'Z';
    std::str::from_utf8(&text[..=end]).ok()
}

/// Writes a number over as many noughts.
fn digits(noughts: &mut [u8], mut number: u32) {
    for nought in noughts.iter_mut().rev() {
        *nought += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(instant: DateTime<Utc>) -> serde_json::Value {
        serialize(&instant, serde_json::value::Serializer).unwrap()
    }

    proptest! {
        #[test]
        fn it_is_what_chrono_writes(seconds in -100_000_000_000_i64..400_000_000_000, nanos in 0_u32..1_999_999_999, coarse in 0_u32..4) {
            let unit = 1_000_u32.pow(coarse.min(3));
            let instant = DateTime::from_timestamp(seconds, nanos / unit * unit);
            prop_assume!(instant.is_some());
            prop_assert_eq!(written(instant.unwrap()), serde_json::to_value(instant).unwrap());
        }
    }

    #[test]
    fn a_fraction_has_as_many_digits_as_it_needs() {
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-12-31T23:59:59.007Z",
            "0001-02-03T04:05:06.000007Z",
            "2026-01-01T00:00:00.000000001Z",
        ] {
            assert_eq!(written(text.parse().unwrap()), text);
        }
    }
}

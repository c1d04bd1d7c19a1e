//! A cell's value as text.

use std::borrow::Cow;

use calamine::{DataRef, ExcelDateTime};

/// The text that stands for a value: dates by ISO 8601, whole numbers without a point, nothing for `#N/A` and its like.
pub(super) fn text<'v>(value: &'v DataRef<'_>) -> Cow<'v, str> {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Int(number) => number.to_string().into(),
        DataRef::Float(number) => float(*number).into(),
        DataRef::Bool(truth) => if *truth { "true" } else { "false" }.into(),
        DataRef::DateTime(time) => date_time(time).into(),
        _ => Cow::Borrowed(""),
    }
}

/// Excel shows 15 digits of a number; those beyond are the dust of binary fractions.
fn float(number: f64) -> String {
    if number.fract() == 0.0 {
        return format!("{number}");
    }
    let shown = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{shown}")
}

fn date_time(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    let clock = format!("{hour:02}:{minute:02}:{second:02}{fraction}");
    let days = time.as_f64();
    if time.is_duration() || (0.0..1.0).contains(&days) {
        let hours = if time.is_duration() { hours(days, hour) } else { hour.into() };
        return format!("{hours:02}{}", &clock[2..]);
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if days.fract() == 0.0 { date } else { format!("{date}T{clock}") }
}

/// All hours of a duration, those of whole days among them.
fn hours(days: f64, hour: u8) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
    let whole = days.max(0.0) as u64;
    whole.saturating_mul(24).saturating_add(hour.into())
}

#[cfg(test)]
mod tests {
    use calamine::{CellErrorType, ExcelDateTimeType};

    use super::*;

    #[test]
    fn a_value_reads_as_its_sheet_shows_it() {
        let date = |days| DataRef::DateTime(ExcelDateTime::new(days, ExcelDateTimeType::DateTime, false));
        let span = |days| DataRef::DateTime(ExcelDateTime::new(days, ExcelDateTimeType::TimeDelta, false));
        for (value, shown) in [
            (DataRef::String("Jane".into()), "Jane"),
            (DataRef::SharedString("Jane"), "Jane"),
            (DataRef::Float(42.0), "42"),
            (DataRef::Float(-0.5), "-0.5"),
            (DataRef::Float(0.1 + 0.2), "0.3"),
            (DataRef::Float(4_915_112_345_678.0), "4915112345678"),
            (DataRef::Float(1e20), "100000000000000000000"),
            (DataRef::Int(7), "7"),
            (DataRef::Bool(true), "true"),
            (DataRef::Error(CellErrorType::NA), ""),
            (DataRef::Empty, ""),
            (date(45_322.0), "2024-01-31"),
            (date(45_322.354_166_666_664), "2024-01-31T08:30:00"),
            (date(0.5), "12:00:00"),
            (span(1.5), "36:00:00"),
            (DataRef::DateTimeIso("2024-01-31".into()), "2024-01-31"),
        ] {
            assert_eq!(text(&value), shown, "{value:?}");
        }
    }
}

//! What keeps a spreadsheet from taking a cell for a formula, and what takes that back.

use std::borrow::Cow;

/// The mark that says "this is text"; spreadsheets do not show it.
const MARK: char = '\'';

/// Whether a spreadsheet may take a cell that begins with `c` for a formula: the four signs, their full-width forms, and the controls
/// that programs skip before one (OWASP ASVS 5.0, 1.2.10).
fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠')
}

/// Whether what follows any marks begins a formula.
fn is_delicate(cell: &str) -> bool {
    cell.trim_start_matches(MARK).starts_with(begins_formula)
}

/// The cell, so that no spreadsheet runs it: with a mark before what might begin a formula, marked already or not. [`unguard`] gives back
/// the very same text.
#[must_use]
pub fn guard(cell: &str) -> Cow<'_, str> {
    if is_delicate(cell) { Cow::Owned(format!("{MARK}{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell without the mark that [`guard`] has put before it; an apostrophe before anything else is the text's own.
#[must_use]
pub fn unguard(cell: &str) -> &str {
    cell.strip_prefix(MARK).filter(|rest| is_delicate(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_a_formula_is_marked_and_nothing_else() {
        for (cell, guarded) in [
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r\n=1", "'\r\n=1"),
            ("\0", "'\0"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("'n Sync", "'n Sync"),
            ("", ""),
            ("'", "'"),
            ("1-1", "1-1"),
            (" =1", " =1"),
        ] {
            assert_eq!(guard(cell), guarded);
            assert_eq!(unguard(guarded), cell);
        }
        assert_eq!(unguard("=1"), "=1", "a cell that nobody has guarded");
    }

    proptest! {
        #[test]
        fn guarding_is_undone_exactly_and_leaves_no_formula(cell in "['=+@\t\r\n\0＝a-]{0,6}|\\PC{0,6}") {
            let guarded = guard(&cell);
            prop_assert!(!guarded.starts_with(begins_formula));
            prop_assert_eq!(unguard(&guarded), cell.as_str());
        }
    }
}

//! Text as people type, paste and export it.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::refusal::Refusal;

const CONTROL: Refusal = Refusal::new("control_character", "Control characters are not allowed.");

/// One line of text: without spaces around it, with single spaces inside (line breaks and tabs are spaces). None if nothing is left.
///
/// # Errors
/// `control_character`: it holds NUL or another control character, which no name, title or database column is meant to hold.
pub fn single_line(text: &str) -> Result<Option<Cow<'_, str>>, Refusal> {
    let text = trim(text);
    if text.chars().any(|c| c.is_control() && !is_break(c)) {
        return Err(CONTROL);
    }
    let text = collapse(text);
    Ok((!text.is_empty()).then_some(text))
}

/// The text without spaces, and the invisible marks that spreadsheets leave, around it.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}')
    })
}

/// The text with every run of spaces, tabs and line breaks as one space; copied only if that changes it.
#[must_use]
pub fn collapse(text: &str) -> Cow<'_, str> {
    let mut after_space = false;
    let untidy = text.chars().any(|c| {
        let untidy = c.is_whitespace() && (c != ' ' || after_space);
        after_space = c == ' ';
        untidy
    });
    if !untidy && !text.starts_with(' ') && !text.ends_with(' ') {
        return Cow::Borrowed(text);
    }
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    Cow::Owned(tidy)
}

/// The text as a key that does not tell capitals from small letters, nor an umlaut from a letter with two dots (NFC); copied only if that
/// changes it.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let lower: String = text.nfc().collect::<String>().to_lowercase();
    Cow::Owned(if is_nfc(&lower) { lower } else { lower.nfc().collect() })
}

/// The number of characters, as limits count them.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// Whether a character leaves no mark of its own: controls, spaces, direction marks, joiners and fillers.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
                ..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e0fff}'
        )
}

fn is_break(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_tidied() {
        for (text, tidy) in [
            ("Jane", Some("Jane")),
            ("  Jane\t von \r\n Doe\u{a0}", Some("Jane von Doe")),
            ("\u{feff}Jane\u{200b}", Some("Jane")),
            ("👩‍💻 Jane", Some("👩‍💻 Jane")),
            ("", None),
            (" \u{a0}\u{feff}\n", None),
        ] {
            assert_eq!(single_line(text).unwrap().as_deref(), tidy, "{text:?}");
        }
        assert!(matches!(single_line(" Jane Doe ").unwrap(), Some(Cow::Borrowed("Jane Doe"))), "nothing is copied");
        for text in ["Ja\0ne", "\u{7}", "a\u{1b}[31m", "a\u{9f}"] {
            assert_eq!(single_line(text).unwrap_err().code, "control_character", "{text:?}");
        }
    }

    #[test]
    fn a_key_knows_no_capitals_and_one_form_of_each_letter() {
        for (text, key) in
            [("Jane", "jane"), ("JÖRG", "jörg"), ("Jo\u{308}rg", "jörg"), ("ΣΑΣ", "σας"), ("İx", "i\u{307}x")]
        {
            assert_eq!(fold(text), key);
        }
        assert!(matches!(fold("jane-doe"), Cow::Borrowed(_)));
        assert_eq!(length("Jörg 👍"), 6);
    }

    proptest! {
        #[test]
        fn tidying_twice_is_tidying_once(text in r"[\PC\s\x00-\x1f\u{200b}\u{feff}]{0,20}") {
            if let Ok(Some(once)) = single_line(&text) {
                prop_assert_eq!(single_line(&once).unwrap().unwrap(), once.clone());
            }
        }

        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.clone());
        }
    }
}

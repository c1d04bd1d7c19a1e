//! People's names: what is missing of first, last and full name is taken from the rest.

use super::text::collapse;

/// A person's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// What friends say.
    pub first: Option<String>,
    /// The family's name.
    pub last: Option<String>,
    /// The whole.
    pub full: Option<String>,
}

/// Completes a name. What is given is only tidied; the full name is joined from its parts, and a missing part is what the full name has
/// beyond the other part. With only a full name, `Doe, Jane` and `Dr. Jane van Doe, PhD` are understood; a single word is a first name.
#[must_use]
pub fn complete(first: Option<&str>, last: Option<&str>, full: Option<&str>) -> Names {
    let tidy = |name: Option<&str>| name.map(|name| collapse(name).into_owned()).filter(|name| !name.is_empty());
    let (first, last, full) = (tidy(first), tidy(last), tidy(full));
    match (first, last, full) {
        (first, last, None) => {
            let full = joined(first.as_deref(), last.as_deref());
            Names { first, last, full }
        }
        (None, None, Some(full)) => {
            let (first, last) = split(&full);
            Names { first, last, full: Some(full) }
        }
        (Some(first), None, Some(full)) => {
            let last = beyond(full.strip_prefix(first.as_str()), |rest| rest.strip_prefix(' '));
            Names { first: Some(first), last, full: Some(full) }
        }
        (None, Some(last), Some(full)) => {
            let first = beyond(full.strip_suffix(last.as_str()), |rest| rest.strip_suffix(' '));
            Names { first, last: Some(last), full: Some(full) }
        }
        (first, last, full) => Names { first, last, full },
    }
}

/// The whole name, as far as its parts are known.
#[must_use]
pub fn joined(first: Option<&str>, last: Option<&str>) -> Option<String> {
    match (first, last) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// The rest of a full name, if the known part ends where a word ends. Behind a comma stands no plain part of a name.
fn beyond<'n>(rest: Option<&'n str>, at_word: impl Fn(&'n str) -> Option<&'n str>) -> Option<String> {
    rest.and_then(at_word).filter(|rest| !rest.contains(',')).and_then(owned)
}

fn split(full: &str) -> (Option<String>, Option<String>) {
    let (first, last) = match full.split_once(',') {
        Some((last, first)) if !is_degrees(first) && !first.contains(',') => (first, last),
        Some((name, _)) => first_word(name),
        None => first_word(full),
    };
    match (owned(without_honorifics(first.trim())), owned(without_honorifics(last.trim()))) {
        (None, last) => (last, None),
        both => both,
    }
}

fn first_word(name: &str) -> (&str, &str) {
    let name = without_honorifics(name.trim());
    name.split_once(' ').unwrap_or((name, ""))
}

fn owned(name: &str) -> Option<String> {
    let name = name.trim();
    name.contains(char::is_alphanumeric).then(|| name.to_owned())
}

/// Whether all that follows a comma are letters after a name: `PhD`, `MBA`, `Jr.`, `M.D.`.
fn is_degrees(text: &str) -> bool {
    text.split([',', ' ']).filter(|word| !word.is_empty()).all(|word| {
        let capitals = word.chars().filter(|c| c.is_uppercase()).count();
        (capitals >= 2 && word.len() <= 6) || ["jr", "jr.", "sr", "sr."].contains(&&*word.to_lowercase())
    })
}

fn without_honorifics(mut name: &str) -> &str {
    const HONORIFICS: [&str; 12] =
        ["dr", "prof", "professor", "mr", "mrs", "ms", "miss", "sir", "herr", "frau", "dipl.-ing", "ing"];
    while let Some((word, rest)) = name.split_once(' ') {
        let bare = word.trim_end_matches('.').to_lowercase();
        if !HONORIFICS.contains(&&*bare) {
            break;
        }
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(first: &str, last: &str, full: &str) -> (String, String, String) {
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let names = complete(given(first), given(last), given(full));
        (names.first.unwrap_or_default(), names.last.unwrap_or_default(), names.full.unwrap_or_default())
    }

    #[test]
    fn what_is_missing_is_taken_from_the_rest() {
        for (given, completed) in [
            (("Jane", "Doe", ""), ("Jane", "Doe", "Jane Doe")),
            ((" Jane ", "van  der\tDoe", ""), ("Jane", "van der Doe", "Jane van der Doe")),
            (("Jane", "", ""), ("Jane", "", "Jane")),
            (("", "Doe", ""), ("", "Doe", "Doe")),
            (("", "", "Jane Doe"), ("Jane", "Doe", "Jane Doe")),
            (("", "", "Jane van der Doe"), ("Jane", "van der Doe", "Jane van der Doe")),
            (("", "", "Doe, Jane"), ("Jane", "Doe", "Doe, Jane")),
            (("", "", "Jane Doe, PhD, MBA"), ("Jane", "Doe", "Jane Doe, PhD, MBA")),
            (("", "", "Martin King, Jr."), ("Martin", "King", "Martin King, Jr.")),
            (("", "", "Prof. Dr. Jane Doe"), ("Jane", "Doe", "Prof. Dr. Jane Doe")),
            (("", "", "Madonna"), ("Madonna", "", "Madonna")),
            (("", "", "Dr."), ("Dr.", "", "Dr.")),
            (("", "", "Dr. Doe, Jane"), ("Jane", "Doe", "Dr. Doe, Jane")),
            (("", "", "Dr. ,,"), ("Dr.", "", "Dr. ,,")),
            (("", "", "Jane ,"), ("Jane", "", "Jane ,")),
            (("", "", "–"), ("", "", "–")),
            (("", "", "Dr. . Jane"), ("Jane", "", "Dr. . Jane")),
            (("Jane", "", "Jane Doe"), ("Jane", "Doe", "Jane Doe")),
            (("", "Doe", "Jane Doe"), ("Jane", "Doe", "Jane Doe")),
            (("Jan", "", "Jane Doe"), ("Jan", "", "Jane Doe")),
            (("J.", "D.", "Jane Doe"), ("J.", "D.", "Jane Doe")),
            (("", "", " "), ("", "", "")),
        ] {
            let (first, last, full) = given;
            let (f, l, n) = completed;
            assert_eq!(parts(first, last, full), (f.into(), l.into(), n.into()), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn completing_twice_is_completing_once(
            first in r"[A-Za-zé. ,]{0,6}", last in r"[A-Za-zé. ,]{0,6}", full in r"(Dr\. )?[A-Za-zé., \t]{0,12}|\PC{0,8}",
        ) {
            let (f, l, n) = parts(&first, &last, &full);
            prop_assert_eq!(parts(&f, &l, &n), (f, l, n));
        }
    }
}

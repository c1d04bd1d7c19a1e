//! Several labels in one text, as a cell of a table holds them: `berlin;q4`.

/// What stands between labels. Both part them when they are read; the first is what is written.
const SEPARATORS: [char; 2] = [';', ','];
/// What makes a separator, or itself, a letter.
const ESCAPE: char = '\\';

/// The labels in one text. [`split`] gives back the same ones.
#[must_use]
pub fn join(labels: &[String]) -> String {
    let mut text = String::with_capacity(labels.iter().map(|label| label.len() + 1).sum());
    for (index, label) in labels.iter().enumerate() {
        if index > 0 {
            text.push(SEPARATORS[0]);
        }
        let mut rest = label.as_str();
        while let Some(at) = rest.find([SEPARATORS[0], SEPARATORS[1], ESCAPE]) {
            let (before, special) = rest.split_at(at);
            text.push_str(before);
            text.push(ESCAPE);
            text.push_str(&special[..1]);
            rest = &special[1..];
        }
        text.push_str(rest);
    }
    text
}

/// The labels that a text holds, parted by semicolons or commas, blank ones left out. A backslash before a separator or another
/// backslash makes it a letter of the label.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    let mut labels = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = (c == ESCAPE).then(|| chars.next_if(|c| SEPARATORS.contains(c) || *c == ESCAPE)).flatten();
        match labels.last_mut() {
            Some(label) if escaped.is_some() || !SEPARATORS.contains(&c) => label.push(escaped.unwrap_or(c)),
            _ => labels.push(String::new()),
        }
    }
    labels.retain(|label| !super::text::trim(label).is_empty());
    labels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_parted_as_people_part_them() {
        for (text, labels) in [
            ("berlin;q4", vec!["berlin", "q4"]),
            ("a, b", vec!["a", " b"]),
            ("", vec![]),
            (" ;, ;", vec![]),
            (r"a\;b;c\\;d\e\", vec!["a;b", r"c\", r"d\e\"]),
        ] {
            assert_eq!(split(text), labels, "{text}");
        }
        assert_eq!(join(&["a;b".into(), "c, d".into(), r"e\".into()]), r"a\;b;c\, d;e\\");
    }

    proptest! {
        #[test]
        fn joining_is_undone_exactly(labels in prop::collection::vec(r"[a;,\\]{1,4}|\PC{1,4}", 0..4)) {
            prop_assume!(labels.iter().all(|label| !super::super::text::trim(label).is_empty()));
            prop_assert_eq!(split(&join(&labels)), labels);
        }

        #[test]
        fn nothing_makes_it_panic(text in any::<String>()) {
            let _ = split(&text);
        }
    }
}

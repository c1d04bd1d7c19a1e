//! Several wordings in one text: `{Hi|Hello|Hey} {{ first_name }}`.
//!
//! A group is `{`, alternatives with `|` between them, and `}`; an alternative may be empty, hold variables, statements with their whole
//! bodies, and other groups. Without a `|`, or without its other brace inside the same body, a brace is just a brace; `\{`, `\|`, `\}` always
//! are. The choice is made in the template, before anybody's data is filled in: what a lead is called is never taken for a choice.

use std::borrow::Cow;

use super::pieces::{Body, Piece, Sign, cut};
use crate::utils::draw::Draw;

/// What stands for a sign while a template with all its wordings is filled in: characters that no text holds.
const MARKS: [(Sign, char); 3] = [(Sign::Open, '\u{1}'), (Sign::Bar, '\u{2}'), (Sign::Close, '\u{3}')];

/// The template with one alternative of each group, drawn by the group's number in the text: the choice in one group has no part in that of
/// another.
pub(super) fn choose(text: &str, draw: Draw) -> Cow<'_, str> {
    let Some(pieces) = spun(text) else { return Cow::Borrowed(text) };
    let mut output = Output::default();
    let mut groups: Vec<Group> = Vec::new();
    // How many of the open groups are at another alternative than the chosen one.
    let (mut number, mut elsewhere) = (0, 0);
    for (piece, role) in &pieces {
        let before = groups.last().map_or(0, Group::is_elsewhere);
        match role {
            Role::Stands if elsewhere == 0 => output.push(piece),
            Role::Stands => {}
            Role::Opens { ways } => {
                let group = Group { chosen: draw.branch(number).below(*ways), at: 0 };
                elsewhere += group.is_elsewhere();
                groups.push(group);
                number += 1;
            }
            Role::Divides => {
                groups.last_mut().into_iter().for_each(|group| group.at += 1);
                elsewhere = elsewhere - before + groups.last().map_or(0, Group::is_elsewhere);
            }
            Role::Closes => {
                groups.pop();
                elsewhere -= before;
            }
        }
    }
    Cow::Owned(output.0)
}

/// A group that is being read.
struct Group {
    chosen: u64,
    at: u64,
}

impl Group {
    /// 1 if its chosen alternative is not the one that is being read.
    fn is_elsewhere(&self) -> usize {
        usize::from(self.chosen != self.at)
    }
}

/// The template with all alternatives of all groups, and marks in place of the signs between them; what is made of it is measured by
/// [`longest`].
pub(super) fn marked(text: &str) -> Cow<'_, str> {
    let Some(pieces) = spun(text) else { return Cow::Borrowed(text) };
    let mut output = Output::default();
    for (piece, role) in &pieces {
        match (piece, role) {
            (_, Role::Stands) => output.push(piece),
            (Piece::Sign(sign), _) => output.0.extend(MARKS.iter().filter(|(of, _)| of == sign).map(|(_, mark)| *mark)),
            _ => {}
        }
    }
    Cow::Owned(output.0)
}

/// The number of characters of the longest wording of a text that was [`marked`] and then filled in.
pub(super) fn longest(filled: &str) -> usize {
    // For each group that is open: its longest alternative so far, and the length of what stands around it.
    let mut around: Vec<(usize, usize)> = Vec::new();
    let mut length = 0;
    for c in filled.chars() {
        match (MARKS.iter().find(|(_, mark)| *mark == c).map(|(sign, _)| sign), around.last_mut()) {
            (None, _) => length += 1,
            (Some(Sign::Open), _) => around.push((0, std::mem::take(&mut length))),
            (Some(Sign::Bar), Some((longest, _))) => *longest = (*longest).max(std::mem::take(&mut length)),
            (Some(Sign::Close), Some(&mut (longest, outside))) => {
                length = outside + longest.max(length);
                around.pop();
            }
            (Some(_), None) => {}
        }
    }
    length
}

/// What a piece is to the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nothing: it stays as it is.
    Stands,
    /// It begins a group of so many alternatives.
    Opens { ways: u64 },
    /// It stands between two alternatives.
    Divides,
    /// It ends a group.
    Closes,
}

/// The pieces of a text with their roles; none if every sign that it holds stands for itself and can be left alone.
fn spun(text: &str) -> Option<Vec<(Piece<'_>, Role)>> {
    if !text.contains('|') && !text.contains('\\') {
        return None;
    }
    let pieces = cut(text);
    let roles = roles(&pieces);
    Some(pieces.into_iter().zip(roles).collect())
}

/// A brace that may begin a group.
struct Candidate {
    at: usize,
    /// In how many bodies of statements it stands.
    depth: usize,
    bars: Vec<usize>,
}

fn roles(pieces: &[Piece<'_>]) -> Vec<Role> {
    let mut roles = vec![Role::Stands; pieces.len()];
    let mut give = |at: usize, role| roles.get_mut(at).into_iter().for_each(|place| *place = role);
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut depth = 0;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(_) | Piece::Code(_, Body::Stays) => {}
            Piece::Code(_, Body::Begins) => depth += 1,
            Piece::Code(_, body) => {
                // A group does not reach out of the body that it begins in.
                while candidates.pop_if(|candidate| candidate.depth >= depth).is_some() {}
                depth = depth.saturating_sub(usize::from(*body == Body::Ends));
            }
            Piece::Sign(Sign::Open) => candidates.push(Candidate { at, depth, bars: Vec::new() }),
            Piece::Sign(sign) => match (sign, candidates.pop_if(|candidate| candidate.depth == depth)) {
                (Sign::Close, Some(Candidate { at: open, bars, .. })) if !bars.is_empty() => {
                    give(open, Role::Opens { ways: bars.len() as u64 + 1 });
                    for bar in bars {
                        give(bar, Role::Divides);
                    }
                    give(at, Role::Closes);
                }
                (Sign::Bar, Some(mut candidate)) => {
                    candidate.bars.push(at);
                    candidates.push(candidate);
                }
                _ => {}
            },
        }
    }
    roles
}

/// The template that comes out.
#[derive(Default)]
struct Output(String);

impl Output {
    fn push(&mut self, piece: &Piece<'_>) {
        let text = match piece {
            Piece::Text(text) | Piece::Code(text, _) => text,
            Piece::Sign(sign) => sign.as_str(),
        };
        // A brace that only now stands before one of these would begin something that nobody wrote.
        if text.starts_with(['{', '%', '#']) && self.0.ends_with('{') {
            self.0.pop();
            self.0.push_str("{{ '{' }}");
        }
        self.0.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use minijinja::{Value, context};
    use proptest::prelude::*;

    use super::{super::*, choose};

    /// All wordings that a few hundred seeds find.
    fn wordings(text: &str) -> BTreeSet<String> {
        (0..400).map(|seed| choose(text, Draw::new(seed)).into_owned()).collect()
    }

    #[test]
    fn a_group_becomes_one_of_its_alternatives() {
        for (text, expected) in [
            ("{Hi|Hello|Hey} there", vec!["Hello there", "Hey there", "Hi there"]),
            ("{a|b}{c|d}", vec!["ac", "ad", "bc", "bd"]),
            ("{a|{b|c} d|}", vec!["", "a", "b d", "c d"]),
            ("{Hi {{ first_name }}|Hello}", vec!["Hello", "Hi {{ first_name }}"]),
            ("{a|b} {{ x | default('{c|d}') }}", vec!["a {{ x | default('{c|d}') }}", "b {{ x | default('{c|d}') }}"]),
            ("{{ {'a': 1}['a'] | d }}{a|b}", vec!["{{ {'a': 1}['a'] | d }}a", "{{ {'a': 1}['a'] | d }}b"]),
            (
                "{a|b}{% if x %}{c|d}{% endif %}",
                vec![
                    "a{% if x %}c{% endif %}",
                    "a{% if x %}d{% endif %}",
                    "b{% if x %}c{% endif %}",
                    "b{% if x %}d{% endif %}",
                ],
            ),
            ("{a{% if x %}b{% else %}c{% endif %}|d}", vec!["a{% if x %}b{% else %}c{% endif %}", "d"]),
            ("{a{% set y | upper %}b{% endset %}|d}", vec!["a{% set y | upper %}b{% endset %}", "d"]),
            ("{a{% set y = 1 %}|d}", vec!["a{% set y = 1 %}", "d"]),
            ("{Jörg|👍}", vec!["Jörg", "👍"]),
        ] {
            assert_eq!(Vec::from_iter(wordings(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_group_stays_as_it_is() {
        for text in [
            "",
            "100 % sure } or {",
            "{not a group}",
            "a | b",
            "{a|b",
            "a|b}",
            "}a|b{",
            "<style>p { color: red } b { margin: 0 }</style>",
            "{{ a }}|{{ b | default('|') }}",
            "{# {a|b} #}|",
            "{% raw %}{a|b}{{ x }}{% endraw %}|",
            "{%- raw -%} {a|b} {%- endraw -%} |",
            "{a{% if x %}|b}{% endif %}",
            "{% if x %}{a{% else %}|b}{% endif %}",
            "{% if x %}{a|{% endif %}b}",
            "C:\\Temp | D:",
            "{{ unreadable | {a|b}",
        ] {
            assert_eq!(Vec::from_iter(wordings(text)), [text], "{text}");
        }
        assert_eq!(Vec::from_iter(wordings("{a|b{c}")), ["{a|b{c}"], "the inner brace is the one that is closed");
        assert_eq!(Vec::from_iter(wordings("{ {a|b}")), ["{ a", "{ b"]);
    }

    #[test]
    fn a_sign_behind_a_backslash_is_only_a_character() {
        assert_eq!(Vec::from_iter(wordings(r"\{a|b\}")), ["{a|b}"]);
        assert_eq!(Vec::from_iter(wordings(r"{a\|b|\}}")), ["a|b", "}"]);
        assert_eq!(Vec::from_iter(wordings(r"{a|b} \n")), [r"a \n", r"b \n"]);
        assert_eq!(Vec::from_iter(wordings(r"\{{ x }}")), [r"\{{ x }}"], "what the language reads begins first");
    }

    #[test]
    fn no_choice_makes_up_something_for_the_language_to_read() {
        for (text, expected) in [
            (r"{\{|\{}{{ x }}", "{1"),
            (r"{\{|\{}{ x }}", "{{ x }}"),
            (r"{\{|\{}{ {\{|\{}{ x }}", "{{ {{ x }}"),
            (r"{\{|\{}% if x %}", "{% if x %}"),
            (r"{\{|\{}# x #}", "{# x #}"),
        ] {
            let chosen = choose(text, Draw::new(1));
            assert_eq!(render(&chosen, &context! { x => 1 }).unwrap(), expected, "{text} → {chosen}");
        }
    }

    #[test]
    fn every_alternative_is_as_likely_as_the_others_whatever_was_chosen_before() {
        let mut counts = BTreeMap::new();
        (0..30_000)
            .for_each(|seed| *counts.entry(choose("{a|b|c}{x|y}", Draw::new(seed)).into_owned()).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (4_700..5_300).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_longest_wording_is_measured() {
        for (text, bare, filled) in [
            ("{Hi|Hello} there", 11, 11),
            ("{a|{bb|ccc} d|} {x|}", 7, 7),
            ("{Hi {{ a }}|Hello}", 5, 8),
            ("{% for x in 'abc' %}{x|yy}{% endfor %}", 6, 6),
            ("{% if a %}{x|yyyy}{% endif %}", 0, 4),
            ("{a|b", 4, 4),
            (r"\{a|b\}", 5, 5),
        ] {
            let measured = (longest_bare(text).unwrap(), longest(text, &context! { a => "Alice" }).unwrap());
            assert_eq!(measured, (bare, filled), "{text}");
        }
    }

    #[test]
    fn a_great_many_braces_cost_no_more_than_their_number() {
        for text in [
            "{ ".repeat(50_000) + "|",
            format!("{}|{}", "{ ".repeat(25_000), " }".repeat(25_000)),
            format!("{}{}", "{|".repeat(25_000), "}".repeat(25_000)),
            format!("{}{}", "{ ".repeat(40_000), "{% if x %}|}{% endif %}".repeat(500)),
        ] {
            let _ = (choose(&text, Draw::new(1)), longest_bare(&text));
        }
    }

    proptest! {
        #[test]
        fn a_choice_of_a_good_template_is_a_good_template_and_not_longer_than_the_longest(
            text in r"([ab ]|\{|\}|\||\\|\{\{ x \}\}|\{\{- y|\}\}|\{% if x %\}|\{% else %\}|\{% endif %\}|\{% set x %\}|\{% endset %\}|\{% raw %\}|\{% endraw %\}|\{#|#\}|[#%é]){0,16}",
            seed in any::<u64>(),
        ) {
            let chosen = choose(&text, Draw::new(seed));
            prop_assert_eq!(&choose(&text, Draw::new(seed)), &chosen);
            let values: Value = context! { x => "X", y => "Y" };
            if check(&text).is_empty() && let Ok(longest) = longest(&text, &values) {
                prop_assert_eq!(check(&chosen), []);
                let asked = |text| variables(text).into_iter().map(|variable| variable.path).collect::<BTreeSet<_>>();
                prop_assert!(asked(&chosen).is_subset(&asked(&text)));
                let length = render(&chosen, &values).unwrap().chars().count();
                prop_assert!(length <= longest, "{} > {}: {}", length, longest, chosen);
            }
        }
    }
}

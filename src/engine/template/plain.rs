//! What a plain template asks for, so that it can be told without filling it in that nothing can go wrong with it: one that prints variables, as
//! they are, with a default, or in other letters, and asks whether there are some. Whatever else a template does is for filling in to tell.

use minijinja::{
    Template,
    machinery::{Instruction, Instructions, get_compiled_template},
};

use super::{
    bounds,
    environment::Mode,
    pieces::{Body, Piece, Sign, cut},
};
use crate::engine::fields::CUSTOM_FIELDS;

/// The most steps of a plain template; filling in costs one unit of work each, and 64 times as many bytes of values one more.
const MOST_STEPS: u32 = 1_000;
/// Filters that write a text in other letters, or without the spaces around it. None makes more than three characters of one.
const LETTERS: [&str; 5] = ["upper", "lower", "title", "capitalize", "trim"];

/// What a plain template asks for, in all its wordings and branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// What it prints, as often as it does.
    pub prints: Vec<Print>,
    /// How many characters it has as it is written, and so its own words at the most when it is filled in.
    pub characters: usize,
    /// Whether something is said whatever is drawn, known and asked.
    pub speaks: bool,
    /// What it begins with in every wording.
    pub start: String,
}

/// A variable that is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// Its name with dots.
    pub path: String,
    /// Whether there are words for who lacks it.
    pub has_default: bool,
    /// Whether it is printed in other letters.
    pub in_letters: bool,
}

/// What `text` asks for, if it is plain.
#[must_use]
pub fn plain(text: &str) -> Option<Plain> {
    let template = bounds::read(text, Mode::Text).ok()?;
    let prints = prints(&template)?;
    let pieces = cut(text);
    let start = pieces.iter().map_while(|piece| match piece {
        Piece::Text(text) => Some(*text),
        Piece::Sign(_) | Piece::Code(..) => None,
    });
    let start = start.collect();
    Some(Plain { prints, characters: text.chars().count(), speaks: speaks(&pieces), start })
}

fn prints(template: &Template<'_, '_>) -> Option<Vec<Print>> {
    let instructions = &get_compiled_template(template).instructions;
    let (mut at, mut prints) = (0, Vec::new());
    while let Some(step) = instructions.get(at) {
        if at > MOST_STEPS {
            return None;
        }
        at += 1;
        match step {
            Instruction::EmitRaw(_) | Instruction::Jump(_) => {}
            Instruction::Lookup(root) => {
                let mut made = Use { instructions, at, path: (*root).to_owned(), steps: 1 };
                match made.read() {
                    Made::Print(print) => prints.push(print),
                    Made::Question => {}
                    Made::More => return None,
                }
                at = made.at;
            }
            _ => return None,
        }
    }
    Some(prints)
}

/// What is made of a variable.
enum Made {
    /// It is printed.
    Print(Print),
    /// Whether there is one is asked.
    Question,
    /// More than that.
    More,
}

/// A variable, and what follows it.
struct Use<'i, 's> {
    instructions: &'i Instructions<'s>,
    at: u32,
    path: String,
    steps: usize,
}

impl<'i, 's> Use<'i, 's> {
    fn read(&mut self) -> Made {
        while let Some(Instruction::GetAttr(name)) = self.next() {
            self.path = format!("{}.{name}", self.path);
            self.steps += 1;
            self.at += 1;
        }
        if self.is_asked() {
            return if self.may_be_missing() { Made::Question } else { Made::More };
        }
        self.print().map_or(Made::More, Made::Print)
    }

    fn print(&mut self) -> Option<Print> {
        let default = self.default();
        let has_default = default.is_some();
        if has_default && !self.may_be_missing() {
            return None;
        }
        let mut in_letters = false;
        loop {
            let step = self.next()?;
            self.at += 1;
            match step {
                Instruction::Emit => break,
                // Other letters of other alphabets may be more than one for one.
                Instruction::ApplyFilter(name, Some(1), _) if LETTERS.contains(name) && default != Some(false) => {
                    in_letters = true;
                }
                _ => return None,
            }
        }
        Some(Print { path: std::mem::take(&mut self.path), has_default, in_letters })
    }

    fn next(&self) -> Option<&'i Instruction<'s>> {
        self.instructions.get(self.at)
    }

    /// Whether its default is of ASCII, if it has one.
    fn default(&mut self) -> Option<bool> {
        let (Instruction::LoadConst(words), Instruction::ApplyFilter("default" | "d", Some(2), _)) =
            (self.next()?, self.instructions.get(self.at + 1)?)
        else {
            return None;
        };
        let is_ascii = words.as_str()?.is_ascii();
        self.at += 2;
        Some(is_ascii)
    }

    /// Whether there is one is asked, and nothing else.
    fn is_asked(&mut self) -> bool {
        let mut at = self.at;
        while let Some(Instruction::Not | Instruction::PerformTest("defined" | "undefined", Some(1), _)) =
            self.instructions.get(at)
        {
            at += 1;
        }
        let asked = matches!(self.instructions.get(at), Some(Instruction::JumpIfFalse(_)));
        self.at = if asked { at + 1 } else { self.at };
        asked
    }

    /// Whether what holds it is always there.
    fn may_be_missing(&self) -> bool {
        let held = |(root, _): (&str, &str)| matches!(root, CUSTOM_FIELDS | "sender");
        self.steps == 1 || self.steps == 2 && self.path.split_once('.').is_some_and(held)
    }
}

/// Whether there are words outside of all groups and statements.
fn speaks(pieces: &[Piece<'_>]) -> bool {
    let (mut groups, mut bodies) = (0_usize, 0_usize);
    for piece in pieces {
        match piece {
            Piece::Text(text) if groups == 0 && bodies == 0 && text.chars().any(is_seen) => return true,
            Piece::Text(_) | Piece::Sign(Sign::Bar) | Piece::Code(_, Body::Stays | Body::Changes) => {}
            Piece::Sign(Sign::Open) => groups += 1,
            // One in a body ends no group that is outside.
            Piece::Sign(Sign::Close) => groups = groups.saturating_sub(usize::from(bodies == 0)),
            Piece::Code(_, Body::Begins) => bodies += 1,
            Piece::Code(_, Body::Ends) => bodies = bodies.saturating_sub(1),
        }
    }
    false
}

fn is_seen(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> Option<String> {
        let one = |print: Print| {
            let mark = if print.has_default { "?" } else { "" };
            format!("{}{mark}{}", print.path, if print.in_letters { "^" } else { "" })
        };
        plain(text).map(|plain| plain.prints.into_iter().map(one).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_printed_is_told_and_what_is_more_than_printed_is_not_plain() {
        for (text, expected) in [
            ("Hello", Some("")),
            ("{Hi|Hello {{ last_name }}} {{ first_name }}, {{ first_name }}", Some("last_name first_name first_name")),
            ("{{ first_name | default('there') }} {{ company | d('x') | title }}", Some("first_name? company?^")),
            ("{{ custom_fields.role | upper }} {{ sender.first_name }}", Some("custom_fields.role^ sender.first_name")),
            (
                "{% if title %}As {{ title }}{% elif not company %}x{% else %}{{ phone }}{% endif %}",
                Some("title phone"),
            ),
            ("{% if title is defined %}x{% endif %}{% if custom_fields.x is not defined %}y{% endif %}", Some("")),
            ("{{ custom_fields.team.size }}", Some("custom_fields.team.size")),
            ("{{ custom_fields.team.size | default('x') }}", None),
            ("{{ company.x | default('x') }}", None),
            ("{% if custom_fields.team.size %}x{% endif %}", None),
            ("{{ first_name | default('für') }}", Some("first_name?")),
            ("{{ first_name | default('für') | upper }}", None),
            ("{{ first_name | default(company) }}", None),
            ("{{ first_name | default('x', true) }}", None),
            ("{{ tags | join(', ') }}", None),
            ("{{ tags | first }}", None),
            ("{{ a ~ b }}", None),
            ("{{ a if b else c }}", None),
            ("{% if a == 'x' %}x{% endif %}", None),
            ("{% if a and b %}x{% endif %}", None),
            ("{% for tag in tags %}x{% endfor %}", None),
            ("{% set a = b %}{{ a }}", None),
            ("{{ custom_fields['last round'] }}", None),
            ("{{ 'a' }}", None),
            ("{{ broken", None),
        ] {
            assert_eq!(asks(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn words_are_sure_where_nothing_decides_about_them() {
        for (text, speaks, start) in [
            ("Hi {{ x }}", true, "Hi "),
            ("{Hi|} {{ x }}", false, ""),
            ("{Hi|} {{ x }}!", true, ""),
            ("{% if x %}Hi{% endif %} \n", false, ""),
            ("{ {% if x %}}{% endif %} a|}", false, ""),
            ("\u{7} {{ x }}", false, "\u{7} "),
        ] {
            let plain = plain(text).unwrap();
            assert_eq!((plain.speaks, plain.start.as_str()), (speaks, start), "{text}");
        }
    }
}

//! Messages with gaps: `Hi {{ first_name | default('there') }}`. A small, closed part of Jinja without functions, methods, macros or other
//! templates, and with a bound on its length and on the work that one message may cost.

use std::{borrow::Cow, collections::BTreeSet};

use minijinja::{Error, ErrorKind, Value, context};

use crate::utils::draw::Draw;

mod bounds;
mod environment;
mod missing;
mod pieces;
mod plain;
mod scan;
mod spintax;

use environment::{Mode, environment};
pub use plain::{Plain, Print, plain};
pub(crate) use scan::quoted;

/// The code of a fault that lies in the values rather than in the text.
pub const FAILS: &str = "template_fails";

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// The line of the text, from 1; 0 if unknown.
    pub line: usize,
    /// The stable machine-readable kind: `template_syntax`, `unknown_filter`, `unknown_test`, `unknown_function`, `template_fails`,
    /// `template_too_complex`, `template_too_costly`.
    pub code: &'static str,
    /// What is wrong, in English, in a whole sentence. Of the text it repeats at most a short plain name.
    pub detail: String,
    /// The variable without a value that it comes from, by its name with dots, if it comes from one.
    pub missing: Option<String>,
}

impl TemplateFault {
    fn new(line: usize, code: &'static str, what: &str) -> Self {
        let detail = if line == 0 { what.to_owned() } else { format!("Line {line}: {what}") };
        Self { line, code, detail, missing: None }
    }
}

/// A variable that a template asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Its name with dots, such as `custom_fields.seniority`.
    pub path: String,
    /// The line on which it is asked for first, from 1.
    pub line: usize,
}

/// Everything that can be seen to be wrong with `text` before anybody's data is filled in.
#[must_use]
pub fn check(text: &str) -> Vec<TemplateFault> {
    match bounds::read(text, Mode::Text) {
        Err(fault) => vec![fault],
        Ok(template) => scan::forbidden(&template),
    }
}

/// The variables that `text` asks for, by name, each once; none if it cannot be read.
#[must_use]
pub fn variables(text: &str) -> Vec<Variable> {
    bounds::read(text, Mode::Text).map(|template| scan::variables(&template)).unwrap_or_default()
}

/// `text` with one alternative of each of its groups, `{Hi|Hello}`; the same for the same draw.
#[must_use]
pub fn choose(text: &str, draw: Draw) -> Cow<'_, str> {
    spintax::choose(text, draw)
}

/// `text` filled in with `values`; a variable that is missing and has no default is a fault. Groups of alternatives are left alone.
///
/// # Errors
/// What is wrong with the text, or what it asked of the values that they could not give.
pub fn render(text: &str, values: &Value) -> Result<String, TemplateFault> {
    fill(text, values, Mode::Text)
}

/// `text` filled in as HTML: whatever is in `values` is shown as text there, and is no markup.
///
/// # Errors
/// As [`render`].
pub fn render_html(text: &str, values: &Value) -> Result<String, TemplateFault> {
    fill(text, values, Mode::Html)
}

/// The number of characters of the longest wording of `text`, filled in with `values`.
///
/// # Errors
/// As [`render`].
pub fn longest(text: &str, values: &Value) -> Result<usize, TemplateFault> {
    fill(&spintax::marked(text), values, Mode::Text).map(|filled| spintax::longest(&filled))
}

/// The number of characters of the longest wording of `text` with every gap left empty or at its default, as it would read for somebody of
/// whom nothing is known. None if that cannot be done.
#[must_use]
pub fn longest_bare(text: &str) -> Option<usize> {
    let filled = bounds::read(&spintax::marked(text), Mode::Bare).ok()?.render(context! {}).ok()?;
    Some(spintax::longest(&filled))
}

fn fill(text: &str, values: &Value, mode: Mode) -> Result<String, TemplateFault> {
    let template = bounds::read(text, mode)?;
    template.render(values).map_err(|error| {
        let missing = (error.kind() == ErrorKind::UndefinedError).then(|| missing::find(&template, values)).flatten();
        TemplateFault { missing, ..from_error(&error) }
    })
}

/// The paths of `variables`.
#[must_use]
pub fn paths(variables: &[Variable]) -> BTreeSet<&str> {
    variables.iter().map(|variable| variable.path.as_str()).collect()
}

fn from_error(error: &Error) -> TemplateFault {
    let line = error.line().unwrap_or_default();
    match error.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::InvalidDelimiter => {
            // The parser's own words name kinds of tokens, and a statement by its name.
            let what = error.detail().filter(|words| is_plain(words)).unwrap_or("the syntax is wrong");
            TemplateFault::new(line, "template_syntax", &format!("the template cannot be read: {what}."))
        }
        ErrorKind::OutOfFuel => TemplateFault::new(
            line,
            "template_too_costly",
            "filling in this template takes more work than one message may.",
        ),
        ErrorKind::UndefinedError => TemplateFault::new(line, FAILS, "a value is missing here and has no default."),
        _ => TemplateFault::new(line, FAILS, "this cannot be done with the values of a lead."),
    }
}

fn is_plain(words: &str) -> bool {
    words.len() <= 120 && words.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

#[cfg(test)]
mod tests;

//! A template cut into what is sent as it stands, what the language reads, and the signs of spintax. Where the language's own signs end is
//! asked of the library, so that nobody disagrees with it.

use minijinja::{
    machinery::{Span, Token, tokenize},
    syntax::SyntaxConfig,
};

/// The statements that have a body; `set` has one only if it assigns nothing.
const WITH_BODY: [&str; 5] = ["if", "for", "with", "filter", "autoescape"];

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// What is sent as it stands.
    Text(&'t str),
    /// `{`, `|` or `}` in such a text, which may be a sign of spintax.
    Sign(Sign),
    /// What the language reads: a variable, a statement, a comment, a raw block, with the spaces that it takes away.
    Code(&'t str, Body),
}

/// A sign of spintax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// `{` begins a group.
    Open,
    /// `|` stands between two alternatives.
    Bar,
    /// `}` ends a group.
    Close,
}

impl Sign {
    fn of(c: char) -> Option<Self> {
        match c {
            '{' => Some(Self::Open),
            '|' => Some(Self::Bar),
            '}' => Some(Self::Close),
            _ => None,
        }
    }

    /// The sign as it is written.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "{",
            Self::Bar => "|",
            Self::Close => "}",
        }
    }
}

/// What a piece of code does to the bodies of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    Stays,
    /// It begins one.
    Begins,
    /// It ends one and begins the next: `else`, `elif`.
    Changes,
    /// It ends one.
    Ends,
}

/// The pieces of `text`, in order. What cannot be read is code: it is a fault elsewhere.
pub(super) fn cut(text: &str) -> Vec<Piece<'_>> {
    let mut cutter = Cutter { text, done: 0, code: Code::default(), pieces: Vec::new() };
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        cutter.take(&token, span);
    }
    cutter.code_until(text.len(), Body::Stays);
    cutter.pieces
}

struct Cutter<'t> {
    text: &'t str,
    /// What is before has become pieces.
    done: usize,
    code: Code<'t>,
    pieces: Vec<Piece<'t>>,
}

/// What is known of a piece of code before its end.
#[derive(Default)]
struct Code<'t> {
    tokens: usize,
    is_statement: bool,
    keyword: Option<&'t str>,
    /// Whether a `=` comes before any `|`.
    assigns: Option<bool>,
}

impl<'t> Cutter<'t> {
    fn take(&mut self, token: &Token<'t>, span: Span) {
        let (start, end) = (span.start_offset as usize, span.end_offset as usize);
        match token {
            Token::TemplateData(_) if !self.is_raw(end) => {
                self.code_until(start, Body::Stays);
                self.text_until(end);
            }
            Token::TemplateData(_) => {}
            Token::VariableStart | Token::BlockStart => {
                self.code_until(start, Body::Stays);
                self.code = Code { is_statement: matches!(token, Token::BlockStart), ..Code::default() };
            }
            Token::VariableEnd | Token::BlockEnd => self.code_until(end, self.code.body()),
            inside => self.code.note(inside),
        }
    }

    /// Whether the text that ends here is the inside of `{% raw %}`: what follows it says so.
    fn is_raw(&self, end: usize) -> bool {
        let rest = self.text.get(end..).unwrap_or_default().trim_start();
        let tag = rest.strip_prefix("{%").map(|tag| tag.trim_start_matches(['-', '+']).trim_start());
        tag.is_some_and(|tag| tag.starts_with("endraw"))
    }

    fn code_until(&mut self, end: usize, body: Body) {
        if let Some(code) = self.text.get(self.done..end).filter(|code| !code.is_empty()) {
            self.pieces.push(Piece::Code(code, body));
            self.done = end;
        }
    }

    /// The text up to `end`, with each sign for itself; `\{`, `\|` and `\}` are those characters and no signs.
    fn text_until(&mut self, end: usize) {
        let mut rest = self.text.get(self.done..end).unwrap_or_default();
        while let Some(at) = rest.find(['{', '|', '}']) {
            let (before, after) = rest.split_at(at);
            let sign = after.chars().next().and_then(Sign::of);
            let escaped = before.strip_suffix('\\');
            self.push_text(escaped.unwrap_or(before));
            match (sign, escaped) {
                (Some(sign), None) => self.pieces.push(Piece::Sign(sign)),
                (Some(sign), Some(_)) => self.push_text(sign.as_str()),
                (None, _) => {}
            }
            rest = after.get(1..).unwrap_or_default();
        }
        self.push_text(rest);
        self.done = end;
    }

    fn push_text(&mut self, text: &'t str) {
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text));
        }
    }
}

impl<'t> Code<'t> {
    fn note(&mut self, token: &Token<'t>) {
        if let (0, Token::Ident(name)) = (self.tokens, token) {
            self.keyword = Some(name);
        }
        if matches!(token, Token::Assign | Token::Pipe) {
            self.assigns.get_or_insert(matches!(token, Token::Assign));
        }
        self.tokens += 1;
    }

    fn body(&self) -> Body {
        match self.keyword.filter(|_| self.is_statement) {
            Some("else" | "elif") => Body::Changes,
            Some("set") if self.assigns != Some(true) => Body::Begins,
            Some(keyword) if WITH_BODY.contains(&keyword) => Body::Begins,
            Some(keyword) if keyword.starts_with("end") => Body::Ends,
            _ => Body::Stays,
        }
    }
}

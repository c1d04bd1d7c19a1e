//! How much a template may hold. The library reads chains such as `a.b.c` or `a | b | c` in a loop and then walks them by recursion, without
//! a bound of its own: a long enough one would take the whole process with it. So its tokens are counted before it is given a text.

use minijinja::{
    Template,
    machinery::{Token, tokenize},
    syntax::SyntaxConfig,
};

use super::{Mode, TemplateFault, environment, from_error};

/// The most words and signs between `{{` and `}}`, or `{%` and `%}`.
const MOST_TOKENS: usize = 250;
/// The most `elif`s of a template, each of which is one inside the one before.
const MOST_ELIFS: usize = 50;

/// Reads a text that is not too much to read.
pub(super) fn read(text: &str, mode: Mode) -> Result<Template<'_, '_>, TemplateFault> {
    check(text)?;
    environment(mode).template_from_str(text).map_err(|error| from_error(&error))
}

fn check(text: &str) -> Result<(), TemplateFault> {
    let (mut tokens, mut elifs, mut is_keyword) = (0, 0, false);
    // What cannot be split into tokens ends the reader too, at the same place.
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        let line = usize::from(span.start_line);
        let opens = matches!(token, Token::VariableStart | Token::BlockStart);
        tokens = if opens { 0 } else { tokens + 1 };
        elifs += usize::from(is_keyword && matches!(token, Token::Ident("elif")));
        is_keyword = matches!(token, Token::BlockStart);
        if tokens > MOST_TOKENS {
            return Err(too_complex(line, "this expression is too long: use fewer words between its braces."));
        }
        if elifs > MOST_ELIFS {
            return Err(too_complex(line, "the template has more than 50 branches with `elif`."));
        }
    }
    Ok(())
}

fn too_complex(line: usize, what: &str) -> TemplateFault {
    TemplateFault::new(line, "template_too_complex", what)
}

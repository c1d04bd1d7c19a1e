//! What must be known of a lead and of who writes so that a step's words can surely be written: for whom all is known they need not be written to
//! find that out, and for the others [`compose`](super::compose) says it.

use super::{facts::Held, limits};
use crate::{
    engine::template::{self, Plain, Print},
    models::workflow::{Action, EmailVariant, SendEmailConfig},
    utils::clean_html,
};

/// The most characters of a text that surely takes no more work than a message may, whatever is escaped in it.
const MOST_CHARACTERS: usize = 10_000;
/// The most characters of a number.
const NUMBER: usize = 40;
/// The most characters that one becomes in other letters.
const LETTERS: usize = 3;

/// What the words of a step ask for.
#[derive(Debug, Clone)]
pub(super) struct Needs(Vec<Need>);

/// What one of its texts asks for.
#[derive(Debug, Clone)]
struct Need {
    prints: Vec<(usize, Print)>,
    characters: usize,
    limit: Limit,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy)]
enum Limit {
    None,
    Fixed(usize),
    /// As long as the account's notes.
    Note,
}

impl Needs {
    /// What the words of `action` ask for, with what they print by its place in `paths`, to which it is added; none if only writing them tells whether
    /// they can be written.
    pub(super) fn of(action: &Action, paths: &mut Vec<String>) -> Option<Self> {
        let mut needs = Self(Vec::new());
        let mut add = |text: Option<&str>, limit| needs.add(text?, limit, is_sure_text, paths);
        match action {
            Action::CommentPost(comment) => add(comment.message.as_deref(), Limit::Fixed(limits::COMMENT))?,
            Action::SendFollowup(followup) => add(followup.message.as_deref(), Limit::None)?,
            Action::SendInmail(inmail) => {
                add(inmail.subject.as_deref(), Limit::Fixed(limits::INMAIL_SUBJECT))?;
                add(inmail.message.as_deref(), Limit::Fixed(limits::INMAIL))?;
            }
            // It goes out without a note if there is nothing in it.
            Action::SendConnectionRequest(note) => {
                if let Some(note) = note.message.as_deref() {
                    needs.add(note, Limit::Note, |_| true, paths)?;
                }
            }
            Action::SendEmail(mail) => needs.add_mail(mail, paths)?,
            Action::ProfileVisit
            | Action::LikePost(_)
            | Action::WithdrawRequest
            | Action::Webhook(_)
            | Action::Wait
            | Action::Condition(_) => {}
        }
        Some(needs)
    }

    /// Any wording may be drawn for a lead.
    fn add_mail(&mut self, mail: &SendEmailConfig, paths: &mut Vec<String>) -> Option<()> {
        let mut drawn = mail.variants.iter().filter(|variant| variant.weight > 0).peekable();
        drawn.peek()?;
        for EmailVariant { weight: _, subject, text, html } in drawn {
            if !mail.thread {
                self.add(subject.as_deref()?, Limit::Fixed(limits::MAIL_SUBJECT), is_sure_text, paths)?;
            }
            let [text, html] = [text, html].map(|text| text.as_deref().filter(|text| !text.trim().is_empty()));
            text.or(html)?;
            if let Some(text) = text {
                self.add(text, Limit::None, is_sure_text, paths)?;
            }
            if let Some(html) = html {
                self.add(html, Limit::None, is_sure_html, paths)?;
            }
        }
        Some(())
    }

    fn add(&mut self, text: &str, limit: Limit, is_sure: fn(&Plain) -> bool, paths: &mut Vec<String>) -> Option<()> {
        let plain = template::plain(text).filter(is_sure)?;
        let mut place = |path: &str| {
            paths.iter().position(|known| known == path).unwrap_or_else(|| {
                paths.push(path.to_owned());
                paths.len() - 1
            })
        };
        let prints = plain.prints.into_iter().map(|print| (place(&print.path), print)).collect();
        self.0.push(Need { prints, characters: plain.characters, limit });
        Some(())
    }

    /// Whether the words can surely be written for whom all that is `held`, by its place among the paths, from an account with such notes.
    pub(super) fn are_met(&self, held: impl Fn(usize) -> Held, note_limit: usize) -> bool {
        self.0.iter().all(|need| need.is_met(&held, note_limit))
    }
}

impl Need {
    fn is_met(&self, held: &impl Fn(usize) -> Held, note_limit: usize) -> bool {
        let most = match self.limit {
            Limit::None => MOST_CHARACTERS,
            Limit::Fixed(limit) => limit,
            Limit::Note => note_limit.min(MOST_CHARACTERS),
        };
        let printed = self.prints.iter().try_fold(self.characters, |length, (place, print)| {
            let more = match held(*place) {
                Held::Nothing if print.has_default => 0,
                Held::Text(length) if print.in_letters => length.saturating_mul(LETTERS),
                Held::Text(length) => length,
                Held::Plain if !print.in_letters => NUMBER,
                Held::Nothing | Held::Plain | Held::More => return None,
            };
            Some(length.saturating_add(more))
        });
        printed.is_some_and(|length| length <= most)
    }
}

fn is_sure_text(plain: &Plain) -> bool {
    plain.speaks
}

/// Words may be cleaned away, but not what is left of the beginning without the rest.
fn is_sure_html(plain: &Plain) -> bool {
    !clean_html::clean(&plain.start).trim().is_empty()
}

//! How each kind of message is made: choose a wording, fill it in, tidy it, measure it.

use super::{Content, Facts, Unfit, limits};
use crate::{
    engine::template,
    models::workflow::{EmailVariant, InmailConfig, SendEmailConfig},
    utils::{clean_html, draw::Draw, text},
};

/// What is drawn, each on a branch of its own. A mail's text and HTML share theirs: groups that stand in the same order in both are chosen
/// alike.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
enum Choice {
    Variant = 0,
    Subject = 1,
    Body = 2,
}

/// Writes to one lead.
pub(super) struct Writer<'f> {
    facts: &'f Facts,
    draw: Draw,
}

impl<'f> Writer<'f> {
    pub(super) fn new(facts: &'f Facts, seed: u64) -> Self {
        Self { facts, draw: Draw::new(seed) }
    }

    /// A message that is nothing but text.
    pub(super) fn message(&self, message: Option<&str>, limit: Option<usize>) -> Result<Content, Unfit> {
        self.text("message", message.unwrap_or_default(), limit).map(Content::plain)
    }

    /// The note of an invitation, which goes out bare if there is nothing in it.
    pub(super) fn note(&self, message: Option<&str>, limit: usize) -> Result<Option<Content>, Unfit> {
        match self.message(message, Some(limit)) {
            Ok(note) => Ok(Some(note)),
            Err(Unfit::Empty { .. }) => Ok(None),
            Err(unfit) => Err(unfit),
        }
    }

    pub(super) fn inmail(&self, inmail: &InmailConfig) -> Result<Content, Unfit> {
        let InmailConfig { subject, message } = inmail;
        let subject = self.subject(subject.as_deref().unwrap_or_default(), limits::INMAIL_SUBJECT)?;
        let message = self.message(message.as_deref(), Some(limits::INMAIL))?;
        Ok(Content { subject: Some(subject), ..message })
    }

    pub(super) fn mail(&self, mail: &SendEmailConfig) -> Result<Content, Unfit> {
        let SendEmailConfig { thread, variants } = mail;
        let (number, EmailVariant { weight: _, subject, text, html }) =
            self.variant(variants).ok_or(Unfit::Broken { code: "no_weight" })?;
        let (text, html) = (given(text.as_deref()), given(html.as_deref()));
        if text.is_none() && html.is_none() {
            return Err(Unfit::Empty { field: "text" });
        }
        let subject = subject.as_deref().unwrap_or_default();
        Ok(Content {
            variant: Some(number),
            subject: if *thread { None } else { Some(self.subject(subject, limits::MAIL_SUBJECT)?) },
            text: text.map(|text| self.text("text", text, None)).transpose()?,
            html: html.map(|html| self.html(html)).transpose()?,
        })
    }

    /// The wording whose share of the weights is drawn, with its number.
    fn variant<'v>(&self, variants: &'v [EmailVariant]) -> Option<(u16, &'v EmailVariant)> {
        let weight = |variant: &EmailVariant| u64::try_from(variant.weight).unwrap_or_default();
        let mut left = self.draw(Choice::Variant).below(variants.iter().map(weight).sum());
        (0..).zip(variants).find(|(_, variant)| {
            let is_it = left < weight(variant);
            left = left.saturating_sub(weight(variant));
            is_it
        })
    }

    fn subject(&self, subject: &str, limit: usize) -> Result<String, Unfit> {
        let subject = template::choose(subject, self.draw(Choice::Subject));
        let filled = template::render(&subject, self.facts.values())?;
        fitting("subject", text::collapse(&tidy(&filled)).into_owned(), Some(limit))
    }

    fn text(&self, field: &'static str, text: &str, limit: Option<usize>) -> Result<String, Unfit> {
        let text = template::choose(text, self.draw(Choice::Body));
        fitting(field, tidy(&template::render(&text, self.facts.values())?), limit)
    }

    /// Cleaned here, so that what is previewed, kept and shown is what is sent.
    fn html(&self, html: &str) -> Result<String, Unfit> {
        let html = template::choose(html, self.draw(Choice::Body));
        let filled = tidy(&template::render_html(&html, self.facts.values())?);
        fitting("html", clean_html::clean(&filled).trim().to_owned(), None)
    }

    fn draw(&self, choice: Choice) -> Draw {
        self.draw.branch(choice as u64)
    }
}

/// The template, if it says anything.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// The text without spaces around it, with `\n` for every line break, and without any other control character than the tab.
fn tidy(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let clean: String = lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    clean.trim().to_owned()
}

fn fitting(field: &'static str, text: String, limit: Option<usize>) -> Result<String, Unfit> {
    let length = text::length(&text);
    match limit {
        _ if length == 0 => Err(Unfit::Empty { field }),
        Some(limit) if length > limit => Err(Unfit::TooLong { field, length, limit }),
        _ => Ok(text),
    }
}

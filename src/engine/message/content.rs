//! A message as it is sent.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is sent, without whom it is sent to: kept with the step that sent it, and looked for by its hash when an answer was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Which of a mail's wordings it is, from 0; none for what has only one.
    pub variant: Option<u16>,
    /// The subject, one line; none for what has none, a mail in a thread among it.
    pub subject: Option<String>,
    /// The message, note or comment, or the mail's plain text. Lines end in `\n`.
    pub text: Option<String>,
    /// The mail's HTML, cleaned.
    pub html: Option<String>,
}

impl Content {
    /// A message that is nothing but text.
    pub(super) fn plain(text: String) -> Self {
        Self { variant: None, subject: None, text: Some(text), html: None }
    }

    /// SHA-256 over all of it. Each part stands behind its length, and an absent part is not an empty one, so that two contents with the
    /// same hash are the same.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let Self { variant, subject, text, html } = self;
        let variant = variant.map(u16::to_be_bytes);
        let parts = [
            variant.as_ref().map(<[u8; 2]>::as_slice),
            subject.as_deref().map(str::as_bytes),
            text.as_deref().map(str::as_bytes),
            html.as_deref().map(str::as_bytes),
        ];
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update([u8::from(part.is_some())]);
            hasher.update((part.map_or(0, <[u8]>::len) as u64).to_be_bytes());
            hasher.update(part.unwrap_or_default());
        }
        hasher.finalize().into()
    }
}

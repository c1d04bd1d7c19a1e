//! Unipile: LinkedIn accounts behind one HTTP API (<https://developer.unipile.com>), in its first version. A client that knows addresses,
//! bodies and what errors mean, and nothing of campaigns. Topic by topic: people (`users`), `invitations`, `chats`, `posts`, `emails`.
//!
//! One key sees the accounts of **all** tenants: whoever calls must know that an account or a chat is the organization's before it is named
//! here. Unipile bounds nothing itself, repeats nothing, and promises no answer: `class` says what may be concluded from each failure.

mod accounts;
mod chats;
mod class;
mod client;
mod emails;
mod error;
mod hosted;
mod invitations;
mod posts;
mod users;
mod webhooks;
mod wire;

pub use accounts::{Account, Source, SourceStatus};
pub use chats::{Chat, ChatMessage, MessageSent, NewChat, Since};
pub use class::Class;
pub use client::{Unipile, UnipileClientError, UnipileSettings};
pub use emails::{Email, EmailAttendee, EmailHeader, EmailQuery, EmailSent, NewEmail, SEND_ID_HEADER};
pub use error::{UnipileError, UnipileFault};
pub use hosted::{HostedPurpose, NewHostedLink};
pub use invitations::{Invitation, InvitationSent};
pub use posts::{Author, Comment, Permissions, Post};
pub use users::{InvitationMark, OwnProfile, Profile, Relation};
pub use webhooks::{Hint, NewWebhook, SECRET_HEADER, Webhook};
pub use wire::{LARGE_PAGE, MOST_ON_A_PAGE, MOST_POSTS_ON_A_PAGE, Page, PageQuery};

/// The version of the API that this client speaks. Kept with each account, since Unipile's second version names the same accounts otherwise.
pub const WIRE_VERSION: &str = "v1";

//! What is said to a lead. Preview, test and sending all ask [`compose`], so that what was shown is what goes out, byte for byte.

mod content;
mod facts;
pub mod limits;
mod list;
mod needs;
#[cfg(test)]
pub(in crate::engine) mod tests;
mod unfit;
mod words;
mod writer;

pub use content::Content;
pub use facts::Facts;
pub use unfit::Unfit;
pub use words::Words;

use self::writer::Writer;
use crate::models::workflow::Action;

/// What `action` says to the lead of whom `facts` are known; nothing if it is a step that says nothing: a visit, a like, a withdrawal, an
/// invitation without a note. `seed` decides between wordings: the same lead at the same node must always come with the same one.
/// `note_limit` is the most characters that the sending account may write into an invitation.
///
/// # Errors
/// Why nothing can be sent to this lead. Others may be fine.
pub fn compose(action: &Action, facts: &Facts, seed: u64, note_limit: usize) -> Result<Option<Content>, Unfit> {
    let writer = Writer::new(facts, seed);
    match action {
        Action::CommentPost(comment) => writer.message(comment.message.as_deref(), Some(limits::COMMENT)).map(Some),
        Action::SendConnectionRequest(invitation) => writer.note(invitation.message.as_deref(), note_limit),
        Action::SendFollowup(followup) => writer.message(followup.message.as_deref(), None).map(Some),
        Action::SendInmail(inmail) => writer.inmail(inmail).map(Some),
        Action::SendEmail(mail) => writer.mail(mail).map(Some),
        Action::ProfileVisit
        | Action::LikePost(_)
        | Action::WithdrawRequest
        | Action::Webhook(_)
        | Action::Wait
        | Action::Condition(_) => Ok(None),
    }
}

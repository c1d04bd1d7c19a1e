//! What leads and we have written to each other. Writing by hand is `campaign_runs::letters`, since it goes out as steps do.

use serde_json::json;

use super::Context;
use crate::{
    errors::{AppError, Result},
    models::{
        AuditEntry, Conversation, ConversationFilter, ConversationId, ConversationState, ConversationView, MemberId,
        ThreadMessage,
        page::{Page, PageRequest},
        patch::Patch,
        version::VersionGuard,
    },
    repositories::{BaseRepository as _, OrgPerson, OrgTx},
    utils::mail,
};

/// Conversations.
#[derive(Clone)]
pub struct ConversationService(pub Context);

/// A merge patch of a conversation.
#[derive(Debug, Default)]
pub struct ConversationChanges {
    /// A label, or none.
    pub label: Patch<String>,
    /// Who takes it on, or nobody.
    pub assignee_id: Patch<MemberId>,
    /// Whether it is to be attended to.
    pub state: Option<ConversationState>,
}

impl ConversationService {
    /// A page of the conversations that `filter` lets through, the one with the latest message first.
    pub async fn list(
        &self,
        person: &OrgPerson,
        filter: &ConversationFilter,
        page: &PageRequest,
    ) -> Result<Page<ConversationView>> {
        let mut conn = self.0.db.search(person).await?;
        let page = conn.conversations().search(filter, page).await?;
        conn.give_back();
        Ok(page)
    }

    /// One conversation.
    pub async fn get(&self, person: &OrgPerson, id: ConversationId) -> Result<ConversationView> {
        let mut conn = self.0.db.read(person).await?;
        let view = conn.conversations().view(id).await?;
        conn.give_back();
        Ok(view)
    }

    /// A page of a conversation's thread: what the lead wrote, what was written by hand, and what campaigns sent.
    pub async fn thread(
        &self,
        person: &OrgPerson,
        id: ConversationId,
        page: &PageRequest,
    ) -> Result<Page<ThreadMessage>> {
        let mut conn = self.0.db.read(person).await?;
        let conversation = conn.conversations().get(id).await?;
        let page = conn.messages().thread((id, conversation.lead_id), page).await?;
        conn.give_back();
        Ok(page.map(|message| ThreadMessage {
            text: message.text.or_else(|| message.html.as_deref().map(mail::text_of_html)),
            ..message
        }))
    }

    /// Says that everything in a conversation, as it was `seen`, has been read. Doing so twice changes nothing.
    pub async fn mark_read(
        &self,
        person: &OrgPerson,
        id: ConversationId,
        seen: &VersionGuard,
    ) -> Result<ConversationView> {
        self.change(person, id, seen, "conversation.read", async |_, conversation| {
            conversation.unread_count = 0;
            Ok(())
        })
        .await
    }

    /// Labels a conversation, gives it to somebody, closes it or opens it again.
    pub async fn update(
        &self,
        person: &OrgPerson,
        id: ConversationId,
        seen: &VersionGuard,
        changes: ConversationChanges,
    ) -> Result<ConversationView> {
        self.change(person, id, seen, "conversation.updated", async |tx, conversation| {
            let ConversationChanges { label, assignee_id, state } = changes;
            if let Patch::Set(assignee) = assignee_id {
                // Whoever is not there, or not any more, can take nothing on.
                tx.members().get(assignee).await.map_err(unknown_assignee)?;
            }
            conversation.label = label.apply(conversation.label.take());
            conversation.assignee_id = assignee_id.apply(conversation.assignee_id);
            conversation.state = state.unwrap_or(conversation.state);
            Ok(())
        })
        .await
    }

    async fn change(
        &self,
        person: &OrgPerson,
        id: ConversationId,
        seen: &VersionGuard,
        action: &'static str,
        change: impl AsyncFnOnce(&mut OrgTx, &mut Conversation) -> Result<()>,
    ) -> Result<ConversationView> {
        let mut tx = self.0.db.begin(person, self.0.clock.now()).await?;
        let mut conversation = tx.conversations().locked(id).await?;
        seen.check(conversation.version)?;
        let before = facts(&conversation);
        change(&mut tx, &mut conversation).await?;
        if facts(&conversation) != before {
            conversation.version += 1;
            conversation.updated_at = tx.now();
            tx.conversations().update(&conversation).await?;
            tx.audit(AuditEntry::new(action, "conversation", id.0).change(before, facts(&conversation)));
        }
        let view = tx.conversations().view(id).await?;
        tx.commit().await?;
        Ok(view)
    }
}

/// That a member is not there is the body's fault, and not the path's.
fn unknown_assignee(error: AppError) -> AppError {
    if error.code() == "member_not_found" {
        return AppError::fault("/assignee_id", "member_not_found", "There is no member with this id.");
    }
    error
}

/// What the audit log keeps of a conversation: nothing of what was written.
fn facts(conversation: &Conversation) -> serde_json::Value {
    json!({
        "state": conversation.state, "label": conversation.label, "assignee_id": conversation.assignee_id,
        "unread_count": conversation.unread_count,
    })
}

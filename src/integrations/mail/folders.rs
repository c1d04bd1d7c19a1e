//! The Sent folder: whether a mail is in it, and putting one into it.

use async_imap::types::NameAttribute;
use futures::TryStreamExt as _;

use super::{ImapClient, error::MailError};

/// What the folder is called where the server does not say which it is (RFC 6154).
const USUAL_NAMES: [&str; 6] = ["Sent", "Sent Items", "Sent Messages", "INBOX.Sent", "Gesendet", "Envoyés"];

impl ImapClient {
    /// The name of the folder that sent mail is kept in, if there is one.
    ///
    /// # Errors
    /// The server broke off.
    pub async fn sent_folder(&mut self) -> Result<Option<String>, MailError> {
        let names: Vec<_> = self
            .session()
            .list(Some(""), Some("*"))
            .await
            .map_err(|error| MailError::from(&error))?
            .try_collect()
            .await
            .map_err(|error| MailError::from(&error))?;
        let marked = names.iter().find(|name| name.attributes().contains(&NameAttribute::Sent));
        let usual = || USUAL_NAMES.iter().find_map(|usual| names.iter().find(|name| name.name() == *usual));
        Ok(marked.or_else(usual).map(|name| name.name().to_owned()))
    }

    /// Which of these Message-IDs, without their angle brackets, are in `folder`.
    ///
    /// # Errors
    /// The server broke off, or has no such folder.
    pub async fn contains(&mut self, folder: &str, message_id: &str) -> Result<bool, MailError> {
        let session = self.session();
        session.examine(folder).await.map_err(|error| MailError::from(&error))?;
        let query = format!("HEADER Message-ID \"<{message_id}>\"");
        let found = session.uid_search(query).await.map_err(|error| MailError::from(&error))?;
        Ok(!found.is_empty())
    }

    /// Puts a mail into `folder`, as read.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn keep(&mut self, folder: &str, mail: &[u8]) -> Result<(), MailError> {
        self.session().append(folder, Some("(\\Seen)"), None, mail).await.map_err(|error| MailError::from(&error))
    }
}

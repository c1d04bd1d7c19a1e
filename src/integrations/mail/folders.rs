//! The Sent folder: whether a mail is in it, and putting one into it. What a server refuses or breaks off amid is an error, never a "no": a mail
//! that is not in Sent may be sent again.

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response};

use super::{
    ImapClient,
    error::{MailError, MailFault},
    reading::quoted,
};

/// What the folder is called where the server does not say which it is (RFC 6154), as names go over the wire (RFC 3501, 5.1.3).
const USUAL_NAMES: [&str; 6] = ["Sent", "Sent Items", "Sent Messages", "INBOX.Sent", "Gesendet", "Envoy&AOk-s"];

impl ImapClient {
    /// The name of the folder that sent mail is kept in, if there is one.
    ///
    /// # Errors
    /// The server refuses, or broke off.
    pub async fn sent_folder(&mut self) -> Result<Option<String>, MailError> {
        let (mut marked, mut usual) = (None, None);
        self.run("LIST \"\" \"*\"", |response| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = response {
                if folder.name_attributes.contains(&NameAttribute::Sent) {
                    marked.get_or_insert_with(|| folder.name.to_string());
                }
                let place = USUAL_NAMES.iter().position(|sent| *sent == &*folder.name);
                usual = usual.take().into_iter().chain(place).min();
            }
        })
        .await?;
        Ok(marked.or(usual.map(|place: usize| USUAL_NAMES[place].to_owned())))
    }

    /// Whether a mail of this Message-ID, without its angle brackets, is in `folder`.
    ///
    /// # Errors
    /// The server has no such folder, refuses to search it, or broke off.
    pub async fn contains(&mut self, folder: &str, message_id: &str) -> Result<bool, MailError> {
        self.look_into(folder).await?;
        let (mut answered, mut found) = (false, false);
        let id = quoted(&format!("<{message_id}>"));
        self.run(&format!("UID SEARCH HEADER Message-ID {id}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(numbers)) = response {
                answered = true;
                found |= !numbers.is_empty();
            }
        })
        .await?;
        // The answer is there even if nothing was found (RFC 3501, 6.4.4): a server that leaves it out has told nothing.
        if answered { Ok(found) } else { Err(MailFault::Broken("it did not say what it found".to_owned()).into()) }
    }

    /// Puts a mail into `folder`, as read.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn keep(&mut self, folder: &str, mail: &[u8]) -> Result<(), MailError> {
        self.session().append(folder, Some("(\\Seen)"), None, mail).await.map_err(|error| MailError::from(&error))
    }
}

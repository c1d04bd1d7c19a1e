//! The Sent folder: whether a mail is in it, and putting one into it. What a server refuses or breaks off amid is an error, never a "no": a mail
//! that is not in Sent may be sent again.

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response};

use super::{
    ImapClient,
    error::{MailError, MailFault},
    ids::only_id,
    reading::quoted,
};

/// What the folder is called where the server does not say which it is (RFC 6154), as names go over the wire (RFC 3501, 5.1.3): `&AOk-` is é.
const USUAL_NAMES: [&str; 16] = [
    "Sent",
    "Sent Items",
    "Sent Messages",
    "Gesendet",
    "Gesendete Objekte",
    "Gesendete Elemente",
    "Envoy&AOk-s",
    "&AMk-l&AOk-ments envoy&AOk-s",
    "Enviados",
    "Elementos enviados",
    "Posta inviata",
    "Inviati",
    "Itens enviados",
    "Mensagens enviadas",
    "Wys&AUI-ane",
    "Elementy wys&AUI-ane",
];
/// Before what some servers keep every folder in.
const IN_THE_INBOX: [&str; 2] = ["INBOX.", "INBOX/"];

/// How usual a name is for the folder that sent mail is kept in: the lower, the more. None if it is not at all.
fn usual_place(name: &str) -> Option<usize> {
    USUAL_NAMES.iter().position(|usual| *usual == bare(name))
}

/// Whether a folder is usually the one that sent mail is kept in.
pub(super) fn is_usually_sent(name: &str) -> bool {
    usual_place(name).is_some()
}

/// A folder's name without the inbox that it is kept in.
pub(super) fn bare(name: &str) -> &str {
    IN_THE_INBOX.iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name)
}

/// Where Microsoft's servers keep the Message-ID that a mail was handed in with.
const ORIGINAL: &str = "X-Microsoft-Original-Message-ID";

impl ImapClient {
    /// The name of the folder that sent mail is kept in, if there is one.
    ///
    /// # Errors
    /// The server refuses, or broke off.
    pub async fn sent_folder(&mut self) -> Result<Option<String>, MailError> {
        let (mut marked, mut usual) = (None, None::<(usize, String)>);
        self.run("LIST \"\" \"*\"", |response| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = response {
                if folder.name_attributes.contains(&NameAttribute::Sent) {
                    marked.get_or_insert_with(|| folder.name.to_string());
                }
                let place = usual_place(&folder.name).map(|place| (place, folder.name.to_string()));
                usual = usual.take().into_iter().chain(place).min();
            }
        })
        .await?;
        Ok(marked.or(usual.map(|(_, name)| name)))
    }

    /// What a mail of this Message-ID, without its angle brackets, is called in `folder`, if it is there: the same, unless the server `renames`
    /// mails and keeps what they were called before.
    ///
    /// # Errors
    /// The server has no such folder, refuses to search it, or broke off.
    pub async fn called_in(
        &mut self,
        folder: &str,
        message_id: &str,
        renames: bool,
    ) -> Result<Option<String>, MailError> {
        self.look_into(folder).await?;
        if self.with_header("Message-ID", message_id).await?.is_some() {
            return Ok(Some(message_id.to_owned()));
        }
        if !renames {
            return Ok(None);
        }
        let Some(number) = self.with_header(ORIGINAL, message_id).await? else { return Ok(None) };
        let heads = self.heads(&[number], "MESSAGE-ID").await?;
        let named = heads.first().and_then(|head| only_id(&String::from_utf8_lossy(&head.headers)));
        Ok(Some(named.unwrap_or_else(|| message_id.to_owned())))
    }

    /// The last mail of the folder that is open with a Message-ID in such a header.
    async fn with_header(&mut self, header: &str, message_id: &str) -> Result<Option<u32>, MailError> {
        let (mut answered, mut found) = (false, None);
        let id = quoted(&format!("<{message_id}>"));
        self.run(&format!("UID SEARCH HEADER {header} {id}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(numbers)) = response {
                answered = true;
                found = found.max(numbers.iter().max().copied());
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

#[cfg(test)]
mod tests {
    use super::usual_place;

    #[test]
    fn the_folder_is_known_by_its_name_in_many_languages() {
        for name in ["Sent", "Envoy&AOk-s", "INBOX.Envoy&AOk-s", "INBOX/Gesendete Objekte", "Wys&AUI-ane"] {
            assert!(usual_place(name).is_some(), "{name}");
        }
        assert!(usual_place("Sent") < usual_place("Gesendet"), "the usual first");
        for name in ["Presented", "INBOX.Sentinel", "sent/old", ""] {
            assert_eq!(usual_place(name), None, "{name}");
        }
    }
}

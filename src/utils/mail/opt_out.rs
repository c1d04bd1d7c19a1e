//! Whether a person plainly asks not to be written to any more. Such a mail is flagged; what follows is for its reader, or a setting, to decide.

/// How much of an answer is looked at, in characters: who wants to be left alone is brief.
const LOOKED_AT: usize = 1_500;

/// Wishes that are plain wherever they stand in a sentence.
const WISHES: [&str; 70] = [
    "unsubscribe me",
    "please unsubscribe",
    "pls unsubscribe",
    "want to unsubscribe",
    "like to unsubscribe",
    "wish to unsubscribe",
    "do i unsubscribe",
    "can i unsubscribe",
    "unsubscribe from",
    "remove me",
    "remove my email",
    "remove my e-mail",
    "remove my address",
    "remove this email",
    "remove us from",
    "take me off",
    "take us off",
    "stop emailing",
    "stop e-mailing",
    "stop contacting",
    "stop writing",
    "stop sending",
    "stop messaging",
    "stop spamming",
    "opt out",
    "opt me out",
    "opt-out",
    "do not contact",
    "don't contact",
    "dont contact",
    "do not email",
    "don't email",
    "do not write to me",
    "don't write to me",
    "no more emails",
    "no more e-mails",
    "no further emails",
    "never contact me",
    "never email me",
    "delete my data",
    "delete my email",
    "bitte abmelden",
    "melden sie mich ab",
    "aus ihrem verteiler",
    "aus dem verteiler",
    "von der liste",
    "keine weiteren mails",
    "keine weiteren e-mails",
    "keine weiteren emails",
    "keine e-mails mehr",
    "keine mails mehr",
    "nicht mehr kontaktieren",
    "nicht mehr anschreiben",
    "löschen sie meine",
    "me désabonner",
    "me désinscrire",
    "me desabonner",
    "retirez-moi",
    "ne plus recevoir",
    "ne me contactez plus",
    "darme de baja",
    "dar de baja",
    "no me escriban",
    "no me contacten",
    "cancellatemi",
    "non contattatemi",
    "descadastrar",
    "uit uw lijst",
    "niet meer mailen",
    "не пишите мне",
];
/// Words that are plain when a sentence is hardly more than them.
const WORDS: [&str; 22] = [
    "unsubscribe",
    "unsubscribed",
    "remove",
    "stop",
    "optout",
    "abmelden",
    "abmeldung",
    "abbestellen",
    "austragen",
    "désabonnement",
    "désinscription",
    "desabonnement",
    "stopper",
    "baja",
    "desuscribir",
    "disiscrivimi",
    "cancellami",
    "uitschrijven",
    "afmelden",
    "avregistrera",
    "wypisz",
    "отписаться",
];
/// What turns a wish into its opposite.
const NEGATIONS: [&str; 6] = [
    "don't unsubscribe",
    "do not unsubscribe",
    "not want to unsubscribe",
    "don't remove me",
    "do not remove me",
    "don't take me off",
];
/// Words that may stand beside a word that is plain.
const MOST_WORDS: usize = 4;

/// Whether the writer plainly asks for no more mail. `text` is what was written, without quotations, in which our own way out stands.
pub(super) fn asks(subject: Option<&str>, text: &str) -> bool {
    let text: String = text.chars().take(LOOKED_AT).collect::<String>().to_lowercase().replace('’', "'");
    if NEGATIONS.iter().any(|words| text.contains(words)) {
        return false;
    }
    // The subject of an answer is ours.
    let subject = subject.filter(|subject| !subject.contains(':')).unwrap_or_default().to_lowercase();
    let sentences = text.split(['.', '!', '?', '\n', ';']).chain([subject.trim()]);
    let mut sentences = sentences.map(str::trim).filter(|sentence| !sentence.is_empty());
    sentences.any(|sentence| WISHES.iter().any(|wish| sentence.contains(wish)) || is_hardly_more(sentence))
}

fn is_hardly_more(sentence: &str) -> bool {
    let words: Vec<&str> = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // "Stop by next week" is an invitation, "remove" in a row of others is not about us.
    let most = if words.iter().any(|word| matches!(*word, "stop" | "remove" | "baja")) { 2 } else { MOST_WORDS };
    words.len() <= most && words.iter().any(|word| WORDS.contains(word))
}

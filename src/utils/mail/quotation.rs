//! What somebody wrote, without the mail that is quoted below or between it. Written by hand: the one crate for it takes regular expressions
//! that backtrack to mail from strangers, and knows English only.

/// Lines of a mail that are looked at.
const MOST_LINES: usize = 5_000;
/// The longest line that introduces a quotation, with its continuations, in bytes.
const LONGEST_INTRODUCTION: usize = 400;
/// Lines over which an introduction may be wrapped.
const WRAPPED: usize = 3;

/// How the line above a quotation ends or what it has in it: "On Monday, Jane Doe wrote:".
const WROTE: [&str; 25] = [
    " wrote",
    " schrieb",
    " a écrit",
    " escribió",
    " ha scritto",
    " escreveu",
    " schreef",
    " skrev",
    " kirjoitti",
    " napisał",
    " napsal",
    " napísal",
    " írta",
    " yazdı",
    " a scris",
    " написа",
    " пишет",
    " έγραψε",
    " je napisao",
    " viết",
    " menulis",
    "写道",
    "寫道",
    "のメール",
    "님이 작성",
];
/// What stands between the dashes above a quotation.
const DIVIDERS: [&str; 15] = [
    "original message",
    "original appointment",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "mensagem original",
    "oorspronkelijk bericht",
    "ursprungligt meddelande",
    "oprindelig meddelelse",
    "wiadomość oryginalna",
    "исходное сообщение",
    "forwarded message",
];
/// The first field of the header that Outlook puts above a quotation, and the fields that follow it.
const FROM: [&str; 14] =
    ["from", "von", "de", "da", "van", "från", "fra", "od", "lähettäjä", "от", "kimden", "feladó", "发件人", "差出人"];
const FIELDS: [&str; 36] = [
    "sent",
    "date",
    "to",
    "cc",
    "subject",
    "gesendet",
    "datum",
    "an",
    "betreff",
    "envoyé",
    "date d'envoi",
    "à",
    "objet",
    "enviado",
    "enviado el",
    "fecha",
    "para",
    "asunto",
    "inviato",
    "data",
    "a",
    "oggetto",
    "assunto",
    "verzonden",
    "aan",
    "onderwerp",
    "skickat",
    "till",
    "ämne",
    "sendt",
    "til",
    "emne",
    "wysłano",
    "do",
    "temat",
    "тема",
];

/// The text without quotations. All of it if nothing else is left, as in a mail that was only forwarded.
pub(super) fn without(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(MOST_LINES).collect();
    let end = (0..lines.len()).find(|at| begins_quotation(&lines[*at..])).unwrap_or(lines.len());
    let (above, below) = lines.split_at(end);
    let mut written = unquoted(above);
    // Answers between the lines of a quotation stand below its introduction.
    let is_marked = below.iter().skip(1).take(WRAPPED).any(|line| is_quoted(line));
    if is_marked {
        let between = unquoted(below.get(introduction_length(below)..).unwrap_or_default());
        if !between.trim().is_empty() {
            written = format!("{}\n\n{}", written.trim_end(), between.trim());
        }
    }
    let written = written.trim();
    if written.is_empty() { text.trim().to_owned() } else { written.to_owned() }
}

/// The lines that are not marked as quoted.
fn unquoted(lines: &[&str]) -> String {
    let mut kept = String::new();
    for line in lines.iter().filter(|line| !is_quoted(line)) {
        kept.push_str(line.trim_end());
        kept.push('\n');
    }
    kept
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

fn begins_quotation(lines: &[&str]) -> bool {
    introduction_length(lines) > 0 || is_divider(lines) || is_header(lines)
}

/// Over how many lines "On Monday, Jane Doe <jane@example.com> wrote:" stands; 0 if it does not.
fn introduction_length(lines: &[&str]) -> usize {
    let mut joined = String::new();
    for (at, line) in lines.iter().take(WRAPPED).enumerate() {
        let line = line.trim();
        if line.is_empty() || is_quoted(line) || joined.len() + line.len() > LONGEST_INTRODUCTION {
            return 0;
        }
        joined.push(' ');
        joined.push_str(line);
        if line.ends_with([':', '：']) {
            let lower = joined.to_lowercase();
            let says_when_or_who = lower.contains('@') || lower.bytes().any(|byte| byte.is_ascii_digit());
            let is_one = says_when_or_who && WROTE.iter().any(|wrote| lower.contains(wrote));
            return if is_one { at + 1 } else { 0 };
        }
    }
    0
}

/// "-----Original Message-----", or Outlook's long line above its header.
fn is_divider(lines: &[&str]) -> bool {
    let Some(line) = lines.first().map(|line| line.trim()) else { return false };
    if line.len() >= 20 && line.bytes().all(|byte| byte == b'_') {
        return lines.iter().skip(1).take(2).any(|line| field(line).is_some_and(|name| FROM.contains(&name.as_str())));
    }
    let dashed = line.starts_with("--") && line.ends_with("--");
    dashed && {
        let words = line.trim_matches(['-', ' ']).to_lowercase();
        DIVIDERS.iter().any(|known| words == *known)
    }
}

/// The header of an earlier mail, in any of Outlook's languages: a sender, and at least two of its other fields.
fn is_header(lines: &[&str]) -> bool {
    let first = lines.first().and_then(|line| field(line));
    if !first.is_some_and(|name| FROM.contains(&name.as_str())) {
        return false;
    }
    let others = lines.iter().skip(1).take(5).filter_map(|line| field(line));
    others.filter(|name| FIELDS.contains(&name.as_str())).count() >= 2
}

/// The name of the field that a line is, as in `*Gesendet:* Montag`.
fn field(line: &str) -> Option<String> {
    let (name, _) = line.trim_start_matches(['*', ' ', '>']).split_once([':', '：'])?;
    let name = name.trim_matches(['*', ' ']);
    (name.len() <= 30).then(|| name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_above_a_quotation_is_kept_and_the_quotation_is_not() {
        for quotation in [
            "On Mon, 23 Nov 2026 at 09:12, Ada Byron <ada@clento.example> wrote:\n> Hello",
            "On Mon, 23 Nov 2026 at 09:12, Ada Byron with a very long name\n<ada@clento.example> wrote:\n\n> Hello",
            "Am 23.11.2026 um 09:12 schrieb Ada Byron:\n> Hallo",
            "Le lun. 23 nov. 2026 à 09:12, Ada Byron <ada@clento.example> a écrit :\n> Bonjour",
            "2026年11月23日(月) 9:12 Ada Byron <ada@clento.example> のメール:\n> こんにちは",
            "-----Original Message-----\nFrom: Ada\nHello",
            "________________________________\nVon: Ada Byron <ada@clento.example>\nGesendet: Montag\nHallo",
            "De : Ada Byron <ada@clento.example>\nEnvoyé : lundi 23 novembre\nÀ : Jane\nObjet : Bonjour\n\nBonjour",
            "*From:* Ada Byron\n*Sent:* Monday\n*To:* Jane\n*Subject:* Hello\n\nHello",
            "> Hello\n> there",
        ] {
            assert_eq!(
                without(&format!("Sounds good: let's talk.\n\nJane\n\n{quotation}")),
                "Sounds good: let's talk.\n\nJane"
            );
        }
    }

    #[test]
    fn answers_between_the_lines_are_kept() {
        let text = "Hi Ada,\n\nOn 23 Nov 2026, Ada <ada@clento.example> wrote:\n> Can we talk?\nYes.\n> On Monday?\nNo, on Tuesday.\n";
        assert_eq!(without(text), "Hi Ada,\n\nYes.\nNo, on Tuesday.");
    }

    #[test]
    fn what_is_no_quotation_stays() {
        for text in [
            "My boss wrote this down:\nsend a price.",
            "From: Monday on I am free.\nTo be sure, call first.",
            "Prices -- as asked -- are fine.",
            "Three questions:\n1. who\n2. when",
        ] {
            assert_eq!(without(text), text);
        }
        let only = "---------- Forwarded message ---------\nFrom: Ada\nHello";
        assert_eq!(without(only), only);
    }
}

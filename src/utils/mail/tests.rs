//! A corpus of mails with the verdict that each must get (`tests/corpus/mail`), and any bytes at all.

use std::{fs, path::Path, time::Instant};

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{Action, Bounce, Complaint, MOST_BYTES, MOST_TEXT, Mail, Verdict, read};

/// File, verdict, and how the text begins: a whole text, if it is one line.
#[rustfmt::skip]
const CASES: &[(&str, &str, Option<&str>)] = &[
    ("reply_gmail_web", "reply", Some("Sounds interesting. Do you have time on Thursday?")),
    ("reply_gmail_wrapped", "reply", Some("Yes, please.\n\nJane")),
    ("reply_outlook_desktop", "reply", Some("Thank you, that would help us.\n\nKind regards\nJane")),
    ("reply_outlook_web", "reply", Some("Please send me the prices.")),
    ("reply_outlook_german", "reply", Some("Danke, gern. Passt Ihnen Donnerstag?\n\nMit freundlichen Grüßen\nJohanna")),
    ("reply_outlook_line", "reply", Some("Not now, thanks.")),
    ("reply_apple_mail", "reply", Some("Let’s talk next week.")),
    ("reply_iphone", "reply", Some("Yes, call me.\n\nSent from my iPhone")),
    ("reply_thunderbird", "reply", Some("We have this already, sorry.")),
    ("reply_thunderbird_inline", "reply", Some("Yes.\nNo, on Friday.\n\nJane")),
    ("reply_yahoo", "reply", Some("I am interested. What does it cost?")),
    ("reply_gmx", "reply", Some("Gerne, rufen Sie mich an.")),
    ("reply_proton", "reply", Some("I like it.")),
    ("reply_notes", "reply", Some("We will discuss it tomorrow.")),
    ("reply_french", "reply", Some("Merci, cela m'intéresse.")),
    ("reply_spanish", "reply", Some("Sí, hablemos.")),
    ("reply_japanese_iso2022", "reply", Some("興味があります。")),
    ("reply_russian_koi8", "reply", Some("Да, интересно.")),
    ("reply_latin1_unlabelled", "reply", Some("Schöne Grüße aus Köln")),
    ("reply_base64", "reply", Some("Please call me.")),
    ("reply_html_only", "reply", Some("Hi Ada,\nthis is for our IT & finance team.\nJane")),
    ("reply_with_attachment", "reply attachments=1", Some("Here is our brochure.")),
    ("reply_inline_image", "reply attachments=1", Some("See our logo.")),
    ("reply_without_references", "reply", Some("I saw your mail. Call me.")),
    ("reply_from_colleague", "reply", Some("Jane forwarded this to me; I decide about it.")),
    ("reply_through_list", "reply", Some("We talked about it in the group.")),
    ("reply_signed_smime", "reply attachments=1", Some("Signed and agreed.")),
    ("reply_calendar", "reply attachments=1", Some("Accepted: Call with Ada")),
    ("reply_to_an_auto_reply", "reply", Some("I am back now. Let's talk.")),
    ("reply_about_being_away", "reply", Some("I am away until 4 December, but yes, call me after that.")),
    ("reply_auto_submitted_no", "reply", Some("A person wrote this.")),
    ("reply_quotes_a_bounce", "reply", Some("Your mail to Bob came back, see below. Write to me instead.")),
    ("forwarded_only", "reply", Some("---------- Forwarded message ---------")),
    ("forwarded_as_attachment", "reply", Some("FYI, this one is for you.")),
    ("stop_one_word", "reply stop", Some("Unsubscribe")),
    ("stop_polite", "reply stop", Some("Hi Ada, please take me off your list. Thanks, Jane")),
    ("stop_german", "reply stop", Some("Bitte löschen Sie meine Daten und schreiben Sie mir nicht mehr.")),
    ("stop_french", "reply stop", Some("Merci de ne plus recevoir vos messages : désabonnement")),
    ("stop_by_subject", "reply stop", Some("")),
    ("stop_only_quoted", "reply", Some("Interesting, tell me more.")),
    ("stop_talked_about", "reply", Some("How do you handle people who unsubscribed last year, and can your tool stop churn?")),
    ("stop_denied", "reply", Some("Please don't unsubscribe me, I was only on holiday.")),
    ("away_exchange_english", "auto until=2026-12-04", Some("I am out of the office until 4 December 2026.")),
    ("away_exchange_german", "auto until=2026-12-04", Some("Ich bin bis zum 04.12.2026 nicht im Büro.")),
    ("away_exchange_french", "auto until=2026-12-04", Some("Je suis absente jusqu'au 4 décembre inclus.")),
    ("away_exchange_spanish", "auto until=2026-12-04", Some("Estoy fuera de la oficina hasta el 4 de diciembre de 2026.")),
    ("away_exchange_italian", "auto until=2026-12-07", Some("Sono in ferie e rientrerò il 7 dicembre.")),
    ("away_portuguese", "auto until=2026-12-04", Some("Estarei ausente até 4 de dezembro.")),
    ("away_dutch", "auto until=2026-12-04", Some("Ik ben afwezig tot en met 4 december.")),
    ("away_swedish", "auto until=2026-12-04", Some("Jag är på semester till och med 4 december.")),
    ("away_polish", "auto until=2026-12-04", Some("Jestem na urlopie do 4 grudnia 2026.")),
    ("away_russian", "auto until=2026-12-04", Some("Я в отпуске до 4 декабря.")),
    ("away_japanese", "auto", Some("休暇中です。")),
    ("away_gmail", "auto until=2026-11-30", Some("I'm on vacation and will be back on Monday.")),
    ("away_gmail_old", "auto", Some("Thanks for your mail. I am away.")),
    ("away_ambiguous_date", "auto", Some("I am away until 03/04/2027.")),
    ("away_sieve", "auto until=2026-12-04", Some("On leave. Back 2027: see below, until 2026-12-04.")),
    ("away_cpanel", "auto", Some("We have received your message.")),
    ("away_vacation_bulk", "auto", Some("I read mail on Mondays.")),
    ("away_precedence", "auto", Some("I am not here.")),
    ("away_notes", "auto until=2026-12-04", Some("I will be out of the office until 04.12.2026.")),
    ("ticket_opened", "auto", Some("Your request has been received; a ticket was opened.")),
    ("left_the_company", "auto", Some("Jane has left the company. Please write to bob@example.com.")),
    ("suppress_is_no_mark", "reply", Some("A person wrote this in Outlook.")),
    ("bounce_postfix", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", Some("This is the mail system at host mx.example.com.")),
    ("bounce_postfix_headers_only", "bounce jane.doe@example.com 5.4.4 failed permanent original=0197b3c4.mail@clento.example", Some("Host or domain name not found.")),
    ("bounce_postfix_delayed", "bounce jane.doe@example.com 4.4.1 delayed original=0197b3c4.mail@clento.example", Some("THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.")),
    ("bounce_postfix_expired", "bounce jane.doe@example.com 4.4.1 failed original=0197b3c4.mail@clento.example", Some("Message could not be delivered for 5 days.")),
    ("bounce_two_recipients", "bounce jane.doe@example.com 5.1.1 failed permanent bob@example.com 4.2.2 failed original=0197b3c4.mail@clento.example", Some("Two of three did not get it.")),
    ("bounce_gmail", "bounce jane.doe@gmail.example 5.1.1 failed permanent original=0197b3c4.mail@clento.example", Some("** Address not found **")),
    ("bounce_exchange_online", "bounce jane.doe@example.com 5.1.10 failed permanent original=0197b3c4.mail@clento.example", Some("Your message to jane.doe@example.com couldn't be delivered.")),
    ("bounce_exchange_full", "bounce jane.doe@example.com 5.2.2 failed original=0197b3c4.mail@clento.example", Some("The recipient's mailbox is full and can't accept messages now.")),
    ("bounce_policy", "bounce jane.doe@example.com 5.7.1 failed original=0197b3c4.mail@clento.example", Some("Blocked.")),
    ("bounce_sendmail", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", Some("----- The following addresses had permanent fatal errors -----")),
    ("bounce_general_status", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", Some("Not delivered.")),
    ("bounce_without_action", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", Some("Not delivered.")),
    ("bounce_no_first_group", "bounce jane.doe@example.com 5.1.2 failed permanent original=0197b3c4.mail@clento.example", Some("Not delivered.")),
    ("report_delivered", "other", Some("Your message was successfully delivered.")),
    ("receipt_read", "other", Some("Your message was read on Monday.")),
    ("bounce_exim", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_exim_delay", "bounce jane.doe@example.com - delayed original=0197b3c4.mail@clento.example", None),
    ("bounce_qmail", "bounce jane.doe@example.com - failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_qmail_status", "bounce jane.doe@example.com 5.2.1 failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_yahoo", "bounce jane.doe@yahoo.example 5.0.0 failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_exchange_words", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_gmail_words", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_german", "bounce jane.doe@example.com 5.1.1 failed permanent original=0197b3c4.mail@clento.example", None),
    ("bounce_names_nobody", "bounce - 5.7.26 failed original=0197b3c4.mail@clento.example", None),
    ("daemon_writes_else", "auto", None),
    ("complaint_arf", "complaint abuse jane.doe@example.com original=0197b3c4.mail@clento.example", Some("This is an email abuse report for a message received from 192.0.2.7.")),
    ("complaint_redacted", "complaint abuse original=0197b3c4.mail@clento.example", Some("This is an email abuse report for a message received from 192.0.2.7.")),
    ("complaint_opt_out", "complaint opt-out jane.doe@example.com original=0197b3c4.mail@clento.example", Some("This is an email abuse report for a message received from 192.0.2.7.")),
    ("complaint_not_spam", "other", Some("This is an email abuse report for a message received from 192.0.2.7.")),
    ("complaint_hotmail", "complaint abuse jane.doe@hotmail.example original=0197b3c4.mail@clento.example", None),
    ("newsletter", "other", None),
    ("mailing_list", "other", None),
    ("broken_no_headers", "reply", Some("just some text")),
    ("broken_empty", "reply", Some("")),
    ("broken_no_blank_line", "reply", Some("")),
    ("broken_missing_end", "reply", Some("The end is missing.")),
    ("broken_no_boundary", "reply", Some("")),
    ("broken_wrong_boundary", "reply", Some("")),
    ("broken_base64", "reply", Some("This is not base64 at all!!")),
    ("broken_charset", "reply", Some("Text in no known charset")),
    ("broken_unix_lines", "reply", Some("Lines end as they like.")),
    ("broken_nul_and_controls", "reply", Some("A\u{7}B")),
    ("broken_report_without_fields", "other", None),
    ("hostile_header_injection", "reply", Some("Hello")),
    ("hostile_message_id", "reply", Some("Hello")),
    ("hostile_address_list", "reply", Some("Hello")),
    ("hostile_same_boundary", "reply", Some("Inner")),
    ("hostile_html", "reply", Some("Hello")),
];

fn received_at() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/mail");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mails = files.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    mails.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

/// A verdict in a line.
fn told(mail: &Mail) -> String {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let original = |id: &Option<String>| id.as_ref().map(|id| format!(" original={id}")).unwrap_or_default();
    match &mail.verdict {
        Verdict::Reply if mail.asks_to_stop => "reply stop".to_owned(),
        Verdict::Reply if !mail.attachments.is_empty() => format!("reply attachments={}", mail.attachments.len()),
        Verdict::Reply => "reply".to_owned(),
        Verdict::AutoReply { until: None } => "auto".to_owned(),
        Verdict::AutoReply { until: Some(day) } => format!("auto until={day}"),
        Verdict::Bounce(Bounce { recipients, original_message_id, .. }) => {
            let recipients = recipients.iter().map(|to| {
                let action = if to.action == Action::Failed { "failed" } else { "delayed" };
                let permanent = if to.permanent { " permanent" } else { "" };
                format!(" {} {} {action}{permanent}", or_none(&to.address), or_none(&to.status))
            });
            format!("bounce{}{}", recipients.collect::<String>(), original(original_message_id))
        }
        Verdict::Complaint(Complaint { kind, recipients, original_message_id }) => {
            let recipients = recipients.iter().map(|to| format!(" {to}")).collect::<Vec<_>>().concat();
            format!("complaint {kind}{recipients}{}", original(original_message_id))
        }
        Verdict::Other => "other".to_owned(),
    }
}

#[test]
fn every_mail_of_the_corpus_gets_its_verdict() {
    let corpus = corpus();
    let mut wrong = Vec::new();
    for (name, raw) in &corpus {
        let mail = read(raw, received_at());
        let Some((_, verdict, text)) = CASES.iter().find(|(known, ..)| known == name) else {
            wrong.push(format!("{name} has no verdict"));
            continue;
        };
        if told(&mail) != *verdict {
            wrong.push(format!("{name}: {} and not {verdict}", told(&mail)));
        }
        let fits =
            text.is_none_or(|text| if text.is_empty() { mail.text.is_empty() } else { mail.text.starts_with(text) });
        let whole =
            !verdict.starts_with("reply") || name == "forwarded_only" || text.is_none_or(|text| mail.text == text);
        if !fits || !whole {
            wrong.push(format!("{name}: the text is {:?} and not {text:?}", mail.text));
        }
    }
    let missing = CASES.iter().filter(|(name, ..)| !corpus.iter().any(|(known, _)| known == name));
    wrong.extend(missing.map(|(name, ..)| format!("{name} is missing")));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

fn mail(name: &str) -> Mail {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/corpus/mail/{name}.eml"));
    read(&fs::read(path).unwrap(), received_at())
}

#[test]
fn headers_are_read_as_their_writers_meant_them() {
    let french = mail("reply_french");
    assert_eq!(french.subject.as_deref(), Some("Ré: Bonjour"));
    let from = french.from.unwrap();
    assert_eq!((from.name.as_deref(), from.address.as_str()), (Some("Hélène Dupré"), "helene@example.com"));
    assert_eq!(french.message_id.as_deref(), Some("CAF001@mail.example.com"));
    assert_eq!(french.answers, ["0197b3c4.mail@clento.example", "0197b3c4.first@clento.example"]);
    assert_eq!(french.sent_at, Some("2026-11-23T09:42:11Z".parse().unwrap()));
    assert_eq!(mail("reply_japanese_iso2022").from.unwrap().name.as_deref(), Some("山田"));
    let brochure = &mail("reply_with_attachment").attachments[0];
    assert_eq!(
        (brochure.name.as_deref(), brochure.media_type.as_str(), brochure.bytes),
        (Some("brochure.pdf"), "application/pdf", 15)
    );
    assert!(mail("reply_gmail_web").has_html && !mail("reply_iphone").has_html);
}

#[test]
fn what_is_hostile_in_a_header_does_not_get_out_of_it() {
    assert_eq!(mail("hostile_header_injection").subject.as_deref(), Some("Hello Bcc: everybody@example.com"));
    let ids = mail("hostile_message_id");
    assert_eq!((ids.message_id, ids.answers), (None, vec!["x@y".to_owned()]));
    assert!(mail("hostile_address_list").to.len() <= 100);
    assert_eq!(mail("bounce_postfix").text.lines().next(), Some("This is the mail system at host mx.example.com."));
}

/// Mails that are meant to take long, or to take all memory or the whole stack.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |unit: &str, times: usize| unit.repeat(times).into_bytes();
    let within = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n";
    let rfc822 = "Content-Type: message/rfc822\r\n\r\n";
    let mut encoded = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
    encoded.extend(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, nested(rfc822, 20_000)).bytes());
    let unending = (0..20_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect::<Vec<_>>()
        .concat();
    vec![
        ("multiparts within multiparts", nested(within, 20_000)),
        ("multiparts within multiparts that have other boundaries", unending.into_bytes()),
        ("mails within mails", nested(rfc822, 30_000)),
        ("encoded mails within mails", encoded),
        (
            "parts without end",
            [within.as_bytes(), &nested("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", 25_000)].concat(),
        ),
        ("headers without end", nested("X-Header: value\r\n", 60_000)),
        ("one header without end", [b"References: ".as_slice(), &nested("<a@b>\r\n ", 100_000)].concat()),
        ("addresses without end", [b"To: ".as_slice(), &nested("a@b.example, ", 80_000)].concat()),
        ("encoded words without end", [b"Subject: ".as_slice(), &nested("=?utf-8?Q?=41?= ", 60_000)].concat()),
        ("comments within comments", [b"From: ".as_slice(), &nested("(", 1_000_000)].concat()),
        (
            "groups of a report without end",
            [
                b"Content-Type: message/delivery-status\r\n\r\n".as_slice(),
                &nested("Final-Recipient: rfc822; a@b.example\r\n\r\n", 25_000),
            ]
            .concat(),
        ),
        (
            "addresses of a bounce without end",
            [
                b"From: mailer-daemon@b.example\r\nSubject: undelivered\r\n\r\n".as_slice(),
                &nested("<a@b.example>:\r\n", 60_000),
            ]
            .concat(),
        ),
        ("lines without end", [b"\r\n".as_slice(), &nested("wrote:\n", 140_000)].concat()),
        ("one line without end", [b"\r\n".as_slice(), &nested("until 4 ", 130_000)].concat()),
        ("tags without end", [b"Content-Type: text/html\r\n\r\n".as_slice(), &nested("<div", 250_000)].concat()),
        ("entities without end", [b"Content-Type: text/html\r\n\r\n".as_slice(), &nested("&amp", 250_000)].concat()),
        ("a mail that is huge", [b"Subject: huge\r\n\r\n".as_slice(), &vec![b'x'; 40 * 1024 * 1024]].concat()),
        ("zeroes", vec![0; MOST_BYTES]),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn hostile_mail_takes_little_time_and_leaves_little() {
    for (name, raw) in hostile() {
        let begun = Instant::now();
        let mail = read(&raw, received_at());
        let took = begun.elapsed();
        // Milliseconds where the machine is idle; what grows with the square of the length takes minutes.
        assert!(took.as_secs() < 10, "{name} took {took:?}");
        assert!(mail.text.chars().count() <= MOST_TEXT && mail.answers.len() <= 50 && mail.to.len() <= 200, "{name}");
    }
}

/// Pieces that mean something to the reader of mails.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"--b",
        b"--b--\r\n",
        b"Content-Type: multipart/report; boundary=b\r\n",
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: text/html; charset=utf-16\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Action: failed\r\n",
        b"Status: 5.1.1\r\n",
        b"Final-Recipient: rfc822;",
        b"a@b.example",
        b"From: mailer-daemon@b.example\r\n",
        b"Subject: undelivered =?utf-8?B?",
        b"<",
        b">",
        b"&",
        b";",
        b"=",
        b"\xff\xfe",
        b"On 1 Jan, a@b wrote:\n",
        b"> ",
        b"From:",
        b"Sent:",
        b"To:",
        b"________________________",
        b"until 31.",
        b"12.",
        b"2026",
        b"X-Failed-Recipients: ",
        b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\n",
        b"References: <",
        b"\xe2\x80",
        b"<!--",
        b"<div class=gmail_quote>",
        "İ".as_bytes(),
        "\u{1e9e}".as_bytes(),
    ];
    let piece = prop_oneof![4 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 0..12)];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&raw, received_at());
    }

    #[test]
    fn any_pieces_of_mails_are_read(raw in pieces()) {
        let mail = read(&raw, received_at());
        prop_assert!(!mail.text.contains('\0') && mail.subject.is_none_or(|subject| !subject.contains(['\r', '\n', '\0'])));
    }

    #[test]
    fn any_mail_of_the_corpus_is_read_wherever_it_is_cut_or_spoilt(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let corpus = corpus();
        let (_, mut raw) = corpus[which.index(corpus.len())].clone();
        if !raw.is_empty() {
            let at = at.index(raw.len());
            raw[at] = byte;
            let _ = read(&raw, received_at());
            let _ = read(&raw[..at], received_at());
        }
    }
}

//! Message-IDs in what servers say.

/// The id, without its angle brackets, if `text` names exactly one `<id@host>`.
#[must_use]
pub fn only_id(text: &str) -> Option<String> {
    let in_brackets = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    let mut ids = in_brackets.map(|(id, _)| id).filter(|id| is_id(id));
    let id = ids.next()?;
    ids.next().is_none().then(|| id.to_owned())
}

fn is_id(text: &str) -> bool {
    let whole = text.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    whole && text.len() <= 255 && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::only_id;

    #[test]
    fn one_id_is_taken_and_nothing_is_guessed() {
        let said = "2.0.0 OK <PN3PR01MB9597A@PN3PR01MB9597.INDPRD01.PROD.OUTLOOK.COM> [Hostname=PN3PR01MB9597.prod.outlook.com]";
        assert_eq!(only_id(said).as_deref(), Some("PN3PR01MB9597A@PN3PR01MB9597.INDPRD01.PROD.OUTLOOK.COM"));
        assert_eq!(only_id("Message-ID:\r\n <a@b.example>\r\n\r\n").as_deref(), Some("a@b.example"));
        for none in ["2.0.0 OK", "OK <a@b> <c@d>", "OK <a>", "OK <@b>", "OK <a@>", "OK <a b@c>", "OK <a@b", "OK id=a@b"]
        {
            assert_eq!(only_id(none), None, "{none}");
        }
    }
}

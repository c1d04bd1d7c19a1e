//! HTML in mails: what it says.

/// How wide the plain part is at the most, in characters: mail programs break lines where they like, so that none is broken here.
const WIDTH: usize = 10_000;

/// What it says, as plain text; links stand behind their words.
pub(super) fn to_text(html: &str) -> String {
    let plain = html2text::config::plain_no_decorate().link_footnotes(false);
    let text = plain.string_from_read(html.as_bytes(), WIDTH).unwrap_or_default();
    let links = links(html);
    let text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let missing: Vec<_> = links.into_iter().filter(|link| !text.contains(link.as_str())).collect();
    let text = text.trim().to_owned();
    if missing.is_empty() { text } else { format!("{text}\n\n{}", missing.join("\n")) }
}

/// Where the links of cleaned HTML lead, each once.
fn links(html: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in html.split("href=\"").skip(1) {
        let Some((target, _)) = part.split_once('"') else { continue };
        let target = target.replace("&amp;", "&");
        if target.starts_with("http") && !found.contains(&target) {
            found.push(target);
        }
    }
    found
}

/// Plain text as HTML.
pub(super) fn of_text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.lines().collect::<Vec<_>>().join("<br>")
}

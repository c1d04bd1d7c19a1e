//! HTML in mails: what cannot do harm of it, and what it says.

use ammonia::Builder;

/// How wide the plain part is at the most, in characters: mail programs break lines where they like, so that none is broken here.
const WIDTH: usize = 10_000;

/// What mails are laid out with, beyond what ammonia lets through: tables, and styles in place.
const LAYOUT: [&str; 10] =
    ["align", "bgcolor", "border", "cellpadding", "cellspacing", "color", "height", "style", "valign", "width"];

/// Without scripts, forms, frames and what else no mail needs; links lead to the web, to an address or to a telephone.
pub(super) fn clean(html: &str) -> String {
    let mut builder = Builder::default();
    builder.add_generic_attributes(LAYOUT).add_tags(["font"]).link_rel(None);
    builder.url_schemes(["http", "https", "mailto", "tel", "cid"].into_iter().collect());
    builder.clean(html).to_string()
}

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

//! HTML as text.

use mail_parser::decoders::html::html_to_text;

/// By what clients mark that from here on an earlier mail is quoted: Gmail, Outlook for the web, Outlook's reply header, Apple Mail and
/// Thunderbird (their citations), Yahoo, Proton, GMX and Web.de, Zoho, Fastmail, Outlook for Windows (the line above the header).
const QUOTATIONS: [&str; 14] = [
    "gmail_quote",
    "gmail_attr",
    "appendonsend",
    "divrplyfwdmsg",
    "type=\"cite\"",
    "moz-cite-prefix",
    "yahoo_quoted",
    "yahoo-quoted",
    "protonmail_quote",
    "name=\"quote\"",
    "zmail_extra",
    "id=\"qt\"",
    "border-top:solid #e1e1e1",
    "border-top:solid #b5c4df",
];
/// Elements behind which a line ends.
const BLOCKS: [&str; 12] = ["div", "p", "tr", "li", "h1", "h2", "h3", "h4", "blockquote", "table", "ul", "pre"];

/// What somebody wrote in HTML, without the quotation behind it if its client marked that; all of it if nothing else is there.
pub(super) fn written(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let quotation = QUOTATIONS.iter().filter_map(|mark| lower.find(mark)).min();
    // The mark stands in a tag, which is not to be opened.
    let begin = quotation.and_then(|at| lower.get(..at)?.rfind('<'));
    let before = begin.and_then(|at| html.get(..at)).map(text);
    before.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| text(html))
}

/// HTML as text, with a line for each block.
pub(super) fn text(html: &str) -> String {
    let mut lined = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        lined.push_str(before);
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let (tag, behind) = tag.split_at(end);
        let inside = tag.trim_start_matches('<').trim_end_matches('>');
        let name = inside.trim_start_matches('/').split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        match (inside.starts_with('/'), is(&["br"]), is(&BLOCKS)) {
            (_, true, _) | (true, _, true) => lined.push_str("<br>"),
            (false, _, true) => {}
            _ => lined.push_str(tag),
        }
        rest = behind;
    }
    lined.push_str(rest);
    html_to_text(&lined)
}

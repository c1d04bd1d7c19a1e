//! HTML of mails: what cannot do harm of it.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use ammonia::Builder;

/// What mails are laid out with, beyond what ammonia lets through: tables, and styles in place.
const LAYOUT: [&str; 10] =
    ["align", "bgcolor", "border", "cellpadding", "cellspacing", "color", "height", "style", "valign", "width"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(builder);

fn builder() -> Builder<'static> {
    let mut builder = Builder::default();
    builder.add_generic_attributes(LAYOUT).add_tags(["font"]).link_rel(None);
    builder.url_schemes(["http", "https", "mailto", "tel", "cid"].into_iter().collect());
    builder
}

/// Times that something is cleaned at the most: what a parser makes of crossed tags may read otherwise the next time, but settles within three.
const PASSES: usize = 8;

/// Without scripts, forms, frames and what else no mail needs; links lead to the web, to an address or to a telephone. What is clean stays as
/// it is, so that cleaning what was cleaned makes no other mail of it.
#[must_use]
pub fn clean(html: &str) -> String {
    let mut cleaned = CLEANER.clean(html).to_string();
    for _ in 1..PASSES {
        let again = CLEANER.clean(&cleaned).to_string();
        if again == cleaned {
            break;
        }
        cleaned = again;
    }
    cleaned
}

/// Where the links of clean HTML lead, as they are written, in their order and each once.
#[must_use]
pub fn links(html: &str) -> Vec<String> {
    let (found, mut finder) = (Arc::new(Mutex::new(Vec::new())), builder());
    let seen = Arc::clone(&found);
    finder.attribute_filter(move |element, attribute, value| {
        if is_link(element, attribute) {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if !seen.iter().any(|known| known == value) {
                seen.push(value.to_owned());
            }
        }
        Some(Cow::Borrowed(value))
    });
    let _ = finder.clean(html);
    std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Clean HTML whose links lead elsewhere, by where they lead as it is written. Nothing else of it is another.
#[must_use]
pub fn with_links(html: &str, elsewhere: BTreeMap<String, String>) -> String {
    let mut writer = builder();
    writer.attribute_filter(move |element, attribute, value| {
        let other = elsewhere.get(value).filter(|_| is_link(element, attribute));
        Some(other.map_or(Cow::Borrowed(value), |other| Cow::Owned(other.clone())))
    });
    writer.clean(html).to_string()
}

fn is_link(element: &str, attribute: &str) -> bool {
    element == "a" && attribute == "href"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_mails_are_made_of_stays_and_the_rest_goes() {
        let html = r#"<table width="600"><tbody><tr><td style="color:red" align="center"><a href="https://a.example/?x=1&amp;y=2">Go</a></td></tr></tbody></table>"#;
        assert_eq!(clean(html), html);
        // What was cleaned when it was composed is cleaned again when it is written: it must not become another mail by that.
        for written in
            ["<P>Hi<br/>there & all <b>of you", "a < b", "<ul><li>one<li>two</ul>", "<td>x", "<p>&nbsp;&#39;\"</p>"]
        {
            let once = clean(written);
            assert_eq!(clean(&once), once, "{written}");
        }
        for hostile in [
            "<script>x()</script>",
            "<p onclick=\"x()\">Hi</p>",
            "<a href=\"javascript:x()\">Hi</a>",
            "<form action=\"https://a.example\"><input></form>",
            "<iframe src=\"https://a.example\"></iframe>",
            "<svg onload=x()>",
            "<math><mtext><table><mglyph><style><img src onerror=x()>",
        ] {
            let cleaned = clean(hostile);
            for sign in ["script", "onclick", "onload", "onerror", "<form", "<iframe", "<svg", "<math"] {
                assert!(!cleaned.contains(sign), "{hostile} became {cleaned}");
            }
        }
    }

    #[test]
    fn links_are_found_and_led_elsewhere_and_nothing_else_is_touched() {
        let html = clean(
            r#"<p title='<a href="https://in.a.title/">'>https://in.a.text/ <A HREF=https://a.example/?x=1&y=2>one</A>
                <a href="https://b.example/" title="t">two</a> <a href="https://a.example/?x=1&amp;y=2">one again</a>
                <a href="mailto:x@a.example">mail</a><img src="https://b.example/" alt=""></p>"#,
        );
        let found = links(&html);
        assert_eq!(found, ["https://a.example/?x=1&y=2", "https://b.example/", "mailto:x@a.example"]);
        let to = |n: usize| (found[n].clone(), format!("https://t.example/l/{n}"));
        let led = with_links(&html, [to(0), to(1)].into());
        assert_eq!(led.matches("https://t.example/l/0").count(), 2, "{led}");
        assert_eq!(links(&led), ["https://t.example/l/0", "https://t.example/l/1", "mailto:x@a.example"]);
        assert!(led.contains(r#"<img src="https://b.example/""#), "a picture is no link: {led}");
        let back = [("https://t.example/l/0", 0), ("https://t.example/l/1", 1)];
        assert_eq!(with_links(&led, back.map(|(to, n)| (to.to_owned(), found[n].clone())).into()), html);
        assert_eq!(with_links(&html, BTreeMap::new()), html);
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(html in r#"(<(p|b|a href="x"|table|tr|td|div style="x"|svg|math|style|br|/p|/b|/a|/table|/td|font color=red|template|select|li|h1|button)>|[&<"]|x| ){0,12}"#) {
            let once = clean(&html);
            prop_assert_eq!(clean(&once), once);
        }
    }
}

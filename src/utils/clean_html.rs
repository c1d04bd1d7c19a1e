//! HTML of mails: what cannot do harm of it.

use std::sync::LazyLock;

use ammonia::Builder;

/// What mails are laid out with, beyond what ammonia lets through: tables, and styles in place.
const LAYOUT: [&str; 10] =
    ["align", "bgcolor", "border", "cellpadding", "cellspacing", "color", "height", "style", "valign", "width"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.add_generic_attributes(LAYOUT).add_tags(["font"]).link_rel(None);
    builder.url_schemes(["http", "https", "mailto", "tel", "cid"].into_iter().collect());
    builder
});

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

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(html in r#"(<(p|b|a href="x"|table|tr|td|div style="x"|svg|math|style|br|/p|/b|/a|/table|/td|font color=red|template|select|li|h1|button)>|[&<"]|x| ){0,12}"#) {
            let once = clean(&html);
            prop_assert_eq!(clean(&once), once);
        }
    }
}

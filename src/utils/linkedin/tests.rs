use proptest::prelude::*;

use super::*;

fn key(text: &str) -> Result<String, &'static str> {
    LinkedinUrl::parse(text).map(LinkedinUrl::into_string).map_err(|refusal| refusal.code)
}

#[test]
fn every_form_of_a_profile_is_one() {
    for text in [
        "https://www.linkedin.com/in/jane-doe-123",
        "https://www.linkedin.com/in/jane-doe-123/",
        "http://www.linkedin.com/in/jane-doe-123",
        "https://linkedin.com/in/jane-doe-123",
        "www.linkedin.com/in/jane-doe-123",
        "linkedin.com/in/jane-doe-123/",
        "//www.linkedin.com/in/jane-doe-123",
        "/in/jane-doe-123/",
        "in/jane-doe-123",
        "https://de.linkedin.com/in/jane-doe-123",
        "https://uk.linkedin.com/in/jane-doe-123/en",
        "https://m.linkedin.com/in/jane-doe-123",
        "https://touch.linkedin.com/in/jane-doe-123",
        "https://www.linkedin.com/mwlite/in/jane-doe-123",
        "https://www.linkedin.com/mwlite/profile/in/jane-doe-123",
        "https://www.linkedin.com/comm/in/jane-doe-123?midToken=AQE&trk=eml",
        "https://www.linkedin.com/in/jane-doe-123?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3AACoAAA&lipi=x",
        "https://www.linkedin.com/in/jane-doe-123/#experience",
        "https://www.linkedin.com/in/jane-doe-123/details/experience/",
        "https://www.linkedin.com/in/jane-doe-123/recent-activity/all/",
        "https://www.linkedin.com//in//jane-doe-123",
        "https://www.linkedin.com:443/in/jane-doe-123",
        "https://www.linkedin.com./in/jane-doe-123",
        "https://http://www.linkedin.com/in/jane-doe-123",
        "HTTPS://WWW.LINKEDIN.COM/IN/JANE-DOE-123",
        "https://www.linkedin.com/in/Jane-Doe-123",
        "https://www.linkedin.com/in/jane%2Ddoe-123",
        " \u{feff}https://www.linkedin.com/in/jane-doe-123\r\n",
        "https://www.linkedin.com/in/jane-doe-123).",
        "https://www.linkedin.com/in/%20jane-doe-123'%0A",
    ] {
        assert_eq!(key(text), Ok("https://www.linkedin.com/in/jane-doe-123".into()), "{text}");
    }
}

#[test]
fn names_beyond_ascii_are_decoded_and_composed() {
    for (text, name) in [
        ("https://www.linkedin.com/in/j%C3%B6rg-m%C3%BCller", "jörg-müller"),
        ("https://www.linkedin.com/in/j%c3%b6rg-m%c3%bcller/", "jörg-müller"),
        ("https://www.linkedin.com/in/J%C3%96RG-M%C3%9CLLER", "jörg-müller"),
        ("https://www.linkedin.com/in/jo%CC%88rg-mu%CC%88ller", "jörg-müller"),
        ("https://www.linkedin.com/in/j%25C3%25B6rg-m%25C3%25BCller", "jörg-müller"),
        ("https://www.linkedin.com/in/jörg-müller", "jörg-müller"),
        ("https://cn.linkedin.com/in/%E5%BC%A0%E4%BC%9F-1a2b3c", "张伟-1a2b3c"),
        ("https://www.linkedin.com/in/%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB-jane", "👩‍💻-jane"),
        ("https://www.linkedin.com/in/jane-doe%2C-cpa-1234", "jane-doe,-cpa-1234"),
        ("https://www.linkedin.com/in/-jane-", "-jane-"),
    ] {
        assert_eq!(key(text), Ok(format!("https://www.linkedin.com/in/{name}")), "{text}");
    }
}

#[test]
fn old_profiles_have_the_name_that_linkedin_gave_them() {
    for (text, name) in [
        ("https://sy.linkedin.com/pub/krzysztof-marzec/a7/576/b50?trk=biz_employee_pub", "krzysztof-marzec-b50576a7"),
        ("http://www.linkedin.com/pub/jane-doe/5/A1/b", "jane-doe-00b0a15"),
        ("linkedin.com/pub/jane-doe/24/605/730/de", "jane-doe-73060524"),
    ] {
        assert_eq!(key(text), Ok(format!("https://www.linkedin.com/in/{name}")), "{text}");
    }
    for text in [
        "https://www.linkedin.com/pub/dir/Jane/Doe",
        "https://www.linkedin.com/pub/jane-doe",
        "linkedin.com/pub/a/b/c/xyz",
    ] {
        assert_eq!(key(text), Err("linkedin_url_not_profile"), "{text}");
    }
}

#[test]
fn where_only_an_id_is_known_it_is_kept_with_its_capitals() {
    for (text, url) in [
        (
            "https://www.linkedin.com/sales/lead/ACwAAAb1Xy_Z-9kQ,NAME_SEARCH,a1B2?_ntb=x",
            "https://www.linkedin.com/sales/lead/ACwAAAb1Xy_Z-9kQ",
        ),
        (
            "https://www.linkedin.com/sales/people/ACwAAAb1Xy_Z-9kQ,NAME_SEARCH,a1B2",
            "https://www.linkedin.com/sales/lead/ACwAAAb1Xy_Z-9kQ",
        ),
        (
            "https://www.linkedin.com/sales/lead/ACwAAAb1Xy_Z-9kQ%2CNAME_SEARCH%2Ca1B2",
            "https://www.linkedin.com/sales/lead/ACwAAAb1Xy_Z-9kQ",
        ),
        ("linkedin.com/SALES/LEAD/ACwAAAb1Xy_Z-9kQ", "https://www.linkedin.com/sales/lead/ACwAAAb1Xy_Z-9kQ"),
        (
            "https://www.linkedin.com/talent/profile/AEMAAAb1Xy_Z-9kQ?project=1",
            "https://www.linkedin.com/talent/profile/AEMAAAb1Xy_Z-9kQ",
        ),
        (
            "https://www.linkedin.com/in/ACoAAAb1Xy_Z-9kQabcdefgh?x=1",
            "https://www.linkedin.com/in/ACoAAAb1Xy_Z-9kQabcdefgh",
        ),
        (
            "https://www.linkedin.com/profile/view?trk=a&id=ACoAAAb1Xy_Z-9kQabcdefgh",
            "https://www.linkedin.com/in/ACoAAAb1Xy_Z-9kQabcdefgh",
        ),
    ] {
        assert_eq!(key(text), Ok(url.into()), "{text}");
        assert_eq!(key(url), Ok(url.into()), "{url}");
    }
    let lead = LinkedinUrl::parse("linkedin.com/sales/lead/ACwAAAb1Xy").unwrap();
    assert_eq!((lead.member_id(), lead.public_identifier()), (Some("ACwAAAb1Xy"), None));
    let jane = LinkedinUrl::parse("linkedin.com/in/Jane").unwrap();
    assert_eq!(
        (jane.member_id(), jane.public_identifier(), jane.as_str()),
        (None, Some("jane"), "https://www.linkedin.com/in/jane")
    );
}

#[test]
fn what_is_no_profile_is_refused_with_a_reason() {
    for (text, code) in [
        ("", "linkedin_url_empty"),
        ("jane doe", "linkedin_url_malformed"),
        ("jane-doe", "linkedin_url_malformed"),
        ("javascript:alert(1)", "linkedin_url_other_host"),
        ("ftp://www.linkedin.com/in/jane", "linkedin_url_malformed"),
        ("https://www.linkedin.com\\in\\jane", "linkedin_url_malformed"),
        ("https://www.linkedin.com/in/ja\0ne", "linkedin_url_malformed"),
        ("https://linkedin.com.evil.example/in/jane", "linkedin_url_other_host"),
        ("https://evil-linkedin.com/in/jane", "linkedin_url_other_host"),
        ("https://linkedin.com@evil.example/in/jane", "linkedin_url_other_host"),
        ("https://jane@linkedin.com/in/jane", "linkedin_url_other_host"),
        ("https://www.linkedin.com:secret@evil.example/in/jane", "linkedin_url_other_host"),
        ("https://evil.example/https://www.linkedin.com/in/jane", "linkedin_url_other_host"),
        ("https://evil.example?x=linkedin.com/in/jane", "linkedin_url_other_host"),
        ("https://www.linkedin.com:8080/in/jane", "linkedin_url_other_host"),
        ("https://business.linkedin.com/in/jane", "linkedin_url_other_host"),
        ("https://ｌinkedin.com/in/jane", "linkedin_url_other_host"),
        ("https://www.xing.com/profile/jane", "linkedin_url_other_host"),
        ("https://lnkd.in/abc", "linkedin_url_short_link"),
        ("https://www.linkedin.com/company/acme", "linkedin_url_company"),
        ("https://www.linkedin.com/school/mit/", "linkedin_url_company"),
        ("https://www.linkedin.com/showcase/acme", "linkedin_url_company"),
        ("https://www.linkedin.com", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/in/", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/feed/update/urn:li:activity:1/", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/posts/jane_abc", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/profile/view?id=12345", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/sales/search/people?query=x", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/sales/lead/", "linkedin_url_not_profile"),
        ("https://www.linkedin.com/in/unavailable", "linkedin_url_placeholder"),
        ("https://www.linkedin.com/in/UNDEFINED/", "linkedin_url_placeholder"),
        ("https://www.linkedin.com/in/ja%2Fne", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/ja%00ne", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/ja%FFne", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/ja%E2%80%AEne", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/ja%3Cb%3Ene", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/ja%ne", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/%252525", "linkedin_url_bad_name"),
        ("https://www.linkedin.com/in/...", "linkedin_url_bad_name"),
    ] {
        assert_eq!(key(text), Err(code), "{text}");
    }
    assert_eq!(key(&format!("linkedin.com/in/{}", "x".repeat(151))), Err("linkedin_url_bad_name"));
    assert_eq!(key(&format!("linkedin.com/in/{}", "x".repeat(2_000))), Err("linkedin_url_malformed"));
}

const FORMS: &str = r"(https?://)?((www|de|m)\.)?linkedin\.com/(in|mwlite/in|comm/in|sales/lead|pub)/";

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(form in FORMS, name in r"([a-zA-Z0-9.,_'-]|%[0-9a-fA-F]{2}|%C3%[A-B][0-9A-F]|\PC){1,12}[/?#]?") {
        if let Ok(once) = LinkedinUrl::parse(&format!("{form}{name}")) {
            prop_assert_eq!(LinkedinUrl::parse(once.as_str()), Ok(once.clone()));
            prop_assert!(!once.as_str().contains(|c: char| c == '%' || c.is_control() || c.is_whitespace()));
        }
    }

    #[test]
    fn capitals_make_no_difference(form in r"(https?://)?((www|de|m)\.)?linkedin\.com/(in|mwlite/in)/", name in r"[a-z0-9-]{1,12}/?") {
        let text = format!("{form}{name}");
        prop_assert_eq!(key(&text), key(&text.to_uppercase()));
    }

    #[test]
    fn only_linkedin_is_taken_for_linkedin(host in r"[a-z.@:/-]{0,12}(linkedin\.com)?[a-z.@:-]{1,12}") {
        if key(&format!("https://{host}/in/jane")).is_ok() {
            let url = url::Url::parse(&format!("https://{host}/in/jane")).unwrap();
            let there = url.host_str().unwrap().trim_end_matches('.');
            prop_assert!(there == "linkedin.com" || there.ends_with(".linkedin.com"), "{}", host);
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in any::<String>(), tail in r"\PC{0,20}") {
        let _ = LinkedinUrl::parse(&text);
        let _ = LinkedinUrl::parse(&format!("linkedin.com/{tail}"));
    }
}

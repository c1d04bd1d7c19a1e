#![expect(clippy::needless_pass_by_value, reason = "tests read best with documents in place")]

use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sqlx::types::Json as Column;

use super::*;
use crate::{
    engine::fields,
    models::{
        AccountId, AccountLimits, AccountRampUp, AccountStatus, Channel, ConnectedAccount, Lead, LeadId, LeadSource,
        LeadStatus, OrganizationId, Provider,
    },
    utils::ids::uuid_at,
};

pub(in crate::engine) fn lead(custom_fields: &Json) -> Lead {
    let at = DateTime::UNIX_EPOCH;
    let some = |text: &str| Some(text.to_owned());
    Lead {
        id: LeadId(uuid_at(at)),
        organization_id: OrganizationId(uuid_at(at)),
        first_name: some("Jane"),
        last_name: None,
        full_name: some("Jane Doe"),
        email: some("jane@example.com"),
        phone: None,
        title: some("CTO & <founder>"),
        company: some(" "),
        company_domain: None,
        industry: None,
        location: None,
        country: None,
        linkedin_url: None,
        timezone: None,
        external_id: None,
        status: LeadStatus::New,
        source: LeadSource::Manual,
        tags: vec!["vip".into(), "Berlin".into()],
        custom_fields: Column(custom_fields.as_object().unwrap().clone()),
        version: 1,
        created_at: at,
        updated_at: at,
        lead_list_ids: vec![],
        running_campaigns: vec![],
    }
}

pub(in crate::engine) fn sender(display_name: &str) -> ConnectedAccount {
    let at = DateTime::UNIX_EPOCH;
    ConnectedAccount {
        id: AccountId(uuid_at(at)),
        organization_id: OrganizationId(uuid_at(at)),
        provider: Provider::Sandbox,
        channel: Channel::Email,
        display_name: display_name.into(),
        email: Some("alex@sender.example".into()),
        avatar_url: None,
        status: AccountStatus::Connected,
        status_reason: None,
        limits: Column(AccountLimits::of(Channel::Email)),
        ramp_up: Column(AccountRampUp::default()),
        sending_window: None,
        spacing_seconds: 30,
        last_act_at: None,
        rests_until: None,
        mailbox: None,
        unipile: None,
        version: 1,
        created_by: None,
        created_at: at,
        updated_at: at,
    }
}

fn facts() -> Facts {
    let custom = json!({
        "seats": 50, "share": 2.5, "note": " ", "gone": null, "nothing": [null, ""], "last.round": "Series A",
        "cities": ["Berlin", null, "Köln"], "team": {"size": 3, "lead": ""}, "nick": "Ja\u{0}ne\u{7}", "spun": "{a|b}"
    });
    Facts::of(&lead(&custom), Some(&sender("Dr. Alex Sender")))
}

fn action(node_type: &str, config: Json) -> Action {
    let node = json!({"id": "n", "type": node_type, "config": config});
    serde_json::from_value::<crate::models::workflow::Node>(node).unwrap().action
}

fn composed(action: &Action, seed: u64) -> Result<Option<Content>, Unfit> {
    compose(action, &facts(), seed, 200)
}

fn followup(message: &str) -> Result<String, Unfit> {
    composed(&action("send_followup", json!({"message": message})), 1).map(|content| content.unwrap().text.unwrap())
}

fn mail(variants: Json) -> Action {
    action("send_email", json!({"variants": variants}))
}

#[test]
fn a_message_says_what_is_known() {
    for (message, expected) in [
        ("Hi {{ first_name }} {{ last_name }}, {{ title }}!", "Hi Jane Doe, CTO & <founder>!"),
        ("{{ company | default('your company') }}", "your company"),
        ("{{ status }} {{ source }} {{ tags }} {{ tags | first }}", "new manual vip, Berlin vip"),
        ("{% if 'vip' in tags %}VIP{% endif %} {{ tags | length }}", "VIP 2"),
        ("{{ custom_fields.seats }} {{ custom_fields.share }} {{ custom_fields.team.size }}", "50 2.5 3"),
        ("{{ custom_fields.last.round }} {{ custom_fields['last.round'] }}", "Series A Series A"),
        (
            "{{ custom_fields.cities }}{% for city in custom_fields.cities %}/{{ city }}{% endfor %}",
            "Berlin, Köln/Berlin/Köln",
        ),
        (
            "{{ custom_fields.note | default('-') }}{{ custom_fields.gone | d('-') }}{{ custom_fields.nothing | d('-') }}",
            "---",
        ),
        ("{{ sender.first_name }} {{ sender.last_name }} {{ sender.email }}", "Alex Sender alex@sender.example"),
        ("{{ custom_fields.nick }}\r\n\t{{ custom_fields.spun }}\u{1b}\rx \n", "Jane\n\t{a|b}\nx"),
    ] {
        assert_eq!(followup(message).as_deref(), Ok(expected), "{message}");
    }
}

#[test]
fn the_names_are_those_that_a_campaign_is_checked_against() {
    let names = |value: &minijinja::Value| {
        let names = value.try_iter().unwrap().map(|name| name.to_string());
        names.filter(|name| name != "custom_fields").collect::<Vec<_>>()
    };
    let mut full = lead(&json!({}));
    for field in [&mut full.last_name, &mut full.phone, &mut full.company, &mut full.company_domain, &mut full.industry]
    {
        *field = Some("x".into());
    }
    for field in
        [&mut full.location, &mut full.country, &mut full.linkedin_url, &mut full.timezone, &mut full.external_id]
    {
        *field = Some("x".into());
    }
    let facts = Facts::of(&full, Some(&sender("Alex Sender")));
    assert_eq!(names(facts.values()), names(&fields::sample([])));
    let sender = |value: &minijinja::Value| names(&value.get_attr("sender").unwrap());
    assert_eq!(sender(facts.values()), sender(&fields::sample([])));
}

#[test]
fn an_address_is_nobodys_name_and_no_sender_has_none() {
    let message = action("send_followup", json!({"message": "{{ sender.first_name | default('we') }}"}));
    for sender in [Some(sender("alex@sender.example")), None] {
        let facts = Facts::of(&lead(&json!({})), sender.as_ref());
        assert_eq!(compose(&message, &facts, 1, 200).unwrap().unwrap().text.unwrap(), "we");
    }
}

#[test]
fn nothing_is_sent_to_a_lead_that_lacks_what_the_message_needs() {
    let missing = |path: &str| Err(Unfit::MissingVariable { path: path.into() });
    for (message, expected) in [
        ("At {{ company }}", missing("company")),
        ("{{ custom_fields.note }}", missing("custom_fields.note")),
        ("{{ custom_fields.team.lead }}", missing("custom_fields.team.lead")),
        ("{{ custom_fields.cities | join(',') }}{{ custom_fields.nothing | e }}", missing("custom_fields.nothing")),
        ("{{ first_name | int }}", Err(Unfit::Broken { code: "template_fails" })),
        ("{% for a in 'a' * 9999 %}{{ 'b' * 9999 }}{% endfor %}", Err(Unfit::Broken { code: "template_too_costly" })),
        ("{% if company %}Hi{% endif %} \u{7}", Err(Unfit::Empty { field: "message" })),
    ] {
        assert_eq!(followup(message), expected, "{message}");
    }
    let unfit = followup("At {{ company }}").unwrap_err();
    assert_eq!(unfit.code(), "missing_variable");
    assert!(unfit.detail().starts_with("The message uses the variable `company`, which this lead does not have"));
}

#[test]
fn a_lead_may_lack_what_only_another_wording_says() {
    let greeting = action("send_followup", json!({"message": "{Hi {{ phone }}|Hello}"}));
    let outcomes: Vec<_> = (0..50).map(|seed| composed(&greeting, seed)).collect();
    assert!(outcomes.iter().any(Result::is_err) && outcomes.iter().any(Result::is_ok));
}

#[test]
fn limits_count_characters_as_they_are_sent() {
    let message = |length: usize| format!("  {{{{ first_name }}}}{}\r\n", "ä".repeat(length - "Jane".len()));
    let subject = |length: usize| json!({"subject": message(length), "message": "x", "text": "x"});
    for (node_type, field, limit) in [
        ("comment_post", "message", 1_250),
        ("send_connection_request", "message", 200),
        ("send_inmail", "message", 2_000),
    ] {
        let config = |length: usize| match node_type {
            "send_inmail" => json!({"subject": "x", "message": message(length)}),
            _ => json!({"message": message(length)}),
        };
        assert!(composed(&action(node_type, config(limit)), 1).is_ok(), "{node_type}");
        let over = composed(&action(node_type, config(limit + 1)), 1);
        assert_eq!(over, Err(Unfit::TooLong { field, length: limit + 1, limit }), "{node_type}");
    }
    for (limit, action_of) in [
        (
            200,
            (|subject| action("send_inmail", json!({"subject": subject["subject"], "message": "x"})))
                as fn(Json) -> Action,
        ),
        (255, |subject| mail(json!([{"subject": subject["subject"], "text": "x"}]))),
    ] {
        assert!(composed(&action_of(subject(limit)), 1).is_ok());
        let over = Err(Unfit::TooLong { field: "subject", length: limit + 1, limit });
        assert_eq!(composed(&action_of(subject(limit + 1)), 1), over);
    }
    assert!(followup(&"x".repeat(10_000)).is_ok());
}

#[test]
fn steps_that_say_nothing_have_no_content() {
    for node_type in ["profile_visit", "like_post", "withdraw_request", "webhook", "wait", "condition"] {
        assert_eq!(composed(&action(node_type, json!(null)), 1), Ok(None), "{node_type}");
    }
    for note in [json!(null), json!(" "), json!("{% if company %}Hi{% endif %}")] {
        assert_eq!(composed(&action("send_connection_request", json!({"message": note})), 1), Ok(None));
    }
}

#[test]
fn what_a_lead_is_called_is_no_markup_in_a_mail() {
    let mail = mail(json!([{
        "subject": " A {{ custom_fields.nick }}\n {{ title }}\t\u{7} ",
        "text": "{{ title }}",
        "html": "<p title=\"{{ title }}\">{{ title | default('x') }} {{ title | e }} {{ tags }} {{ company | default('<b>') }}</p>"
    }]));
    let content = composed(&mail, 1).unwrap().unwrap();
    let escaped = "CTO &amp; &lt;founder&gt;";
    assert_eq!(content.subject.as_deref(), Some("A Jane CTO & <founder>"));
    assert_eq!(content.text.as_deref(), Some("CTO & <founder>"));
    let html = format!("<p title=\"{escaped}\">{escaped} {escaped} vip, Berlin &lt;b&gt;</p>");
    assert_eq!(content.html, Some(html));
    assert_eq!(content.variant, Some(0));
}

#[test]
fn a_mail_says_only_what_it_has() {
    let html = composed(&mail(json!([{"subject": "x", "html": "<p>x</p>", "text": " "}])), 1).unwrap().unwrap();
    assert_eq!((html.text, html.html.as_deref()), (None, Some("<p>x</p>")));
    let hostile = json!([{"subject": "x", "html": "<p onclick='x()'>{{ title }}</p><script>x()</script>"}]);
    let cleaned = composed(&mail(hostile), 1).unwrap().unwrap();
    assert_eq!(cleaned.html.as_deref(), Some("<p>CTO &amp; &lt;founder&gt;</p>"));
    let nothing = json!([{"subject": "x", "html": "<script>x()</script>"}]);
    assert_eq!(composed(&mail(nothing), 1), Err(Unfit::Empty { field: "html" }));
    let bump = action("send_email", json!({"thread": true, "variants": [{"subject": "ignored", "text": "x"}]}));
    assert_eq!(composed(&bump, 1).unwrap().unwrap().subject, None);
    for (variants, expected) in [
        (json!([]), Unfit::Broken { code: "no_weight" }),
        (json!([{"weight": 0, "subject": "x", "text": "x"}]), Unfit::Broken { code: "no_weight" }),
        (json!([{"subject": "x"}]), Unfit::Empty { field: "text" }),
        (json!([{"text": "x"}]), Unfit::Empty { field: "subject" }),
    ] {
        assert_eq!(composed(&mail(variants), 1), Err(expected));
    }
}

#[test]
fn wordings_are_given_out_by_weight_and_always_the_same_to_the_same_lead() {
    let variant =
        |weight: i64, name: &str| json!({"weight": weight, "subject": name, "text": "{x|y|z}", "html": "{x|y|z}"});
    let mail = mail(json!([variant(1, "a"), variant(0, "b"), variant(-5, "c"), variant(7, "d"), variant(2, "e")]));
    let mut counts = BTreeMap::new();
    for seed in 0..10_000 {
        let content = composed(&mail, seed).unwrap().unwrap();
        assert_eq!(content.text, content.html, "groups in the same order are chosen alike in both bodies");
        *counts.entry((content.variant.unwrap(), content.subject.unwrap())).or_insert(0_u32) += 1;
    }
    assert_eq!(composed(&mail, 7), composed(&mail, 7));
    let shares: Vec<_> =
        counts.into_iter().map(|((number, name), count)| (number, name, (count + 125) / 250)).collect();
    assert_eq!(shares, [(0, "a".into(), 4), (3, "d".into(), 28), (4, "e".into(), 8)]);
}

#[test]
fn a_hash_means_the_content() {
    let content = |variant, subject: Option<&str>, text: Option<&str>, html: Option<&str>| {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Content { variant, subject: owned(subject), text: owned(text), html: owned(html) }
    };
    let all = [
        content(None, None, None, None),
        content(Some(0), None, None, None),
        content(None, Some(""), None, None),
        content(None, Some("ab"), Some("c"), None),
        content(None, Some("a"), Some("bc"), None),
        content(None, None, Some("a"), None),
        content(None, None, None, Some("a")),
    ];
    for (i, one) in all.iter().enumerate() {
        for (j, other) in all.iter().enumerate() {
            assert_eq!(one.hash() == other.hash(), i == j);
        }
        let read: Content = serde_json::from_value(serde_json::to_value(one).unwrap()).unwrap();
        assert_eq!(read.hash(), one.hash(), "it survives being stored");
    }
}

proptest! {
    #[test]
    fn whatever_is_written_what_is_sent_is_clean(
        text in r"([ab \n\r\t\x00-\x1f]|\{|\}|\||\{\{ first_name \}\}|\{\{ custom_fields\.nick \}\}|\{% if title %\}|\{% endif %\}|\PC){0,12}",
        seed in any::<u64>(),
    ) {
        let mail = mail(json!([{"subject": text, "text": text, "html": text}]));
        if let Ok(Some(content)) = composed(&mail, seed) {
            let subject = content.subject.clone().unwrap();
            prop_assert!(!subject.chars().any(char::is_control));
            for body in [content.text.clone().unwrap(), content.html.clone().unwrap()] {
                prop_assert!(!body.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
            }
            prop_assert_eq!(composed(&mail, seed), Ok(Some(content)));
        }
    }

    /// Of whom it is not known beforehand that all can be written to, it is written: never is a lead promised what it would not be sent.
    #[test]
    fn for_whom_words_are_said_to_fit_they_do(
        text in r"([ab é<>]|\{|\}|\||\\|<b>|<script>|\{Hi\|\}|\{\{ first_name \}\}|\{\{ company \}\}|\{\{ company\|d\('x'\)\|upper \}\}|\{\{ custom_fields.role \}\}|\{\{ custom_fields.team\|d\('y'\) \}\}|\{\{ tags \}\}|\{\{ sender.first_name\|title \}\}|\{% if company %\}|\{% else %\}|\{% endif %\}){0,9}",
        padding in prop::sample::select(vec![0_usize, 150, 185, 245, 1_240, 10_200]), company in prop::option::of("ß{1,9}"),
        custom in prop::sample::select(vec![json!({}), json!({"role": 7}), json!({"role": "Boss", "team": ["a"]}), json!({"role": [], "team": {"x": 1}})]),
        name in prop::sample::select(vec!["Alex Sender", "alex@sender.example"]), seed in any::<u128>(),
    ) {
        let id = LeadId(uuid::Uuid::from_u128(seed));
        let person = Lead { id, company, ..lead(&custom) };
        let from = sender(name);
        let text = format!("{text}{}", "x".repeat(padding));
        for (kind, config) in [
            ("send_email", json!({"variants": [{"subject": text, "text": "x"}, {"weight": 0, "text": "{{ x }}"}, {"subject": "x", "html": text}]})),
            ("send_email", json!({"thread": true, "variants": [{"text": text, "html": " "}]})),
            ("send_connection_request", json!({"message": text})), ("comment_post", json!({"message": text})),
            ("send_inmail", json!({"subject": text, "message": "x"})), ("send_followup", json!({"message": text})),
        ] {
            let node: crate::models::workflow::Node = serde_json::from_value(json!({"id": "n", "type": kind, "config": config})).unwrap();
            let workflow = crate::models::workflow::Workflow { nodes: vec![node.clone()], ..Default::default() };
            let mut words = Words::new(&workflow, [(id, person.clone())].into(), [(from.id, from.clone())].into());
            let composed = compose(&node.action, &Facts::of(&person, Some(&from)), crate::engine::planner::seed(id, "n"), 300);
            prop_assert_eq!(words.unfit(&node, id, from.id), composed.err(), "{} {}", kind, text);
        }
    }
}

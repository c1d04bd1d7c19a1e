use minijinja::context;
use proptest::prelude::*;

use super::*;

fn codes(text: &str) -> Vec<(usize, &'static str)> {
    check(text).into_iter().map(|fault| (fault.line, fault.code)).collect()
}

fn names(text: &str) -> Vec<String> {
    variables(text).into_iter().map(|variable| variable.path).collect()
}

#[test]
fn what_salespeople_write_is_fine() {
    for text in [
        "",
        "Hello there",
        "Hi {{ first_name | default('there') }}, how is {{ company|title }}?",
        "{% if title %}As {{ title }} you{% else %}You{% endif %} know this.",
        "{% if title is defined and 'CEO' in title %}Boss{% endif %}",
        "{% if company is startingwith('A') %}A{% elif tags is defined %}{{ tags | join(', ') }}{% endif %}",
        "{{ custom_fields.last_round | default('your last round', true) }}",
        "{{ custom_fields['last round'] | trim }}",
        "{% set who = first_name %}{{ who }}{% for tag in tags %}{{ tag }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{# a note to oneself #}Hi",
        "{Hi|Hello} {{ first_name }}",
        "100 % sure } or {",
    ] {
        assert_eq!(check(text), [], "{text}");
    }
}

#[test]
fn faults_say_on_which_line_they_are() {
    for (text, expected) in [
        ("Hi {{ first_name", vec![(1, "template_syntax")]),
        ("Hi\n\n{{ first_name }", vec![(3, "template_syntax")]),
        ("Hi\n{% if title %}", vec![(2, "template_syntax")]),
        ("{{ }}", vec![(1, "template_syntax")]),
        ("{% endif %}", vec![(1, "template_syntax")]),
        ("Hi\n{{ first_name | uper }}", vec![(2, "unknown_filter")]),
        ("{% if x %}\n{{ a | safe }}\n{{ b | tojson }}{% endif %}", vec![(2, "unknown_filter"), (3, "unknown_filter")]),
        ("{% if x is divisibleby(3) %}{% endif %}", vec![(1, "unknown_test")]),
        ("{{ range(10) }}", vec![(1, "unknown_function")]),
        ("{{ first_name.upper() }}", vec![(1, "unknown_function")]),
        ("{{ tags[0]() }}", vec![(1, "unknown_function")]),
        ("{% for x in tags recursive %}{{ loop(tags) }}{% endfor %}", vec![(1, "unknown_function")]),
        ("{% include 'secret' %}", vec![(1, "template_syntax")]),
        ("{% import 'secret' as x %}", vec![(1, "template_syntax")]),
        ("{% extends 'secret' %}", vec![(1, "template_syntax")]),
        ("{% macro x() %}{% endmacro %}", vec![(1, "template_syntax")]),
        ("{% block x %}{% endblock %}", vec![(1, "template_syntax")]),
    ] {
        assert_eq!(codes(text), expected, "{text}");
    }
    assert_eq!(check("Hi\n{{ first_name | uper }}")[0].detail, "Line 2: there is no filter `uper` in messages.");
}

#[test]
fn variables_are_found_in_every_branch() {
    for (text, expected) in [
        ("Hi {{ first_name }} {{ first_name }} of {{ company }}", vec!["company", "first_name"]),
        ("{% if title %}{{ a }}{% else %}{{ b.c }}{% endif %}", vec!["a", "b.c", "title"]),
        (
            "{{ custom_fields.x }}{{ custom_fields['y z'] }}{{ custom_fields[w] }}",
            vec!["custom_fields", "custom_fields.x", "custom_fields.y z", "w"],
        ),
        ("{{ a | default(b) }}{{ c ~ d }}{{ e if f else g }}", vec!["a", "b", "c", "d", "e", "f", "g"]),
        ("{% for tag in tags %}{{ tag }}{{ loop.index }}{% endfor %}", vec!["tags"]),
        ("{% set who = first_name %}{{ who }}", vec!["first_name"]),
        ("{% with a = b %}{{ a }}{% endwith %}", vec!["b"]),
        ("{{ not closed", vec![]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
    assert_eq!(variables("x\n{{ a }}\n{{ a }}"), [Variable { path: "a".into(), line: 2 }]);
}

#[test]
fn every_filter_and_test_that_is_promised_exists() {
    let values = || context! { x => "1" };
    for filter in scan::FILTERS {
        let text = match filter {
            "replace" => "{{ x | replace('a', 'b') }}".into(),
            "round" => "{{ 1.5 | round }}".into(),
            _ => format!("{{{{ x | {filter} }}}}"),
        };
        assert!(render(&text, &values()).is_ok(), "{filter}");
    }
    for test in scan::TESTS {
        let argument = if matches!(test, "startingwith" | "endingwith" | "in") { "('a')" } else { "" };
        assert!(render(&format!("{{{{ x is {test}{argument} }}}}"), &values()).is_ok(), "{test}");
    }
}

#[test]
fn a_gap_without_value_or_default_is_never_filled_with_nothing() {
    assert_eq!(render("Hi {{ a | default('there') }}", &context! {}).unwrap(), "Hi there");
    assert_eq!(render("Hi{% if a %} {{ a }}{% endif %}", &context! {}).unwrap(), "Hi");
    assert_eq!(render("Hi {{ a }}", &context! {}).unwrap_err().code, "template_fails");
    assert_eq!(longest_bare("Hi {{ a }}{{ b.c.d }}"), Some("Hi ".len()));
}

#[test]
fn a_template_cannot_take_the_machine() {
    for text in [
        "{{ 'a' * 1000000000 }}",
        "{{ ('a' * 100000) * 100000 }}",
        "{% for a in 'a' * 100000 %}{% for b in 'b' * 100000 %}x{% endfor %}{% endfor %}",
        "{% set x = 'a' * 9999 %}{% for a in x %}{% set x = x ~ x %}{{ x }}{% endfor %}",
        "{{ ('a' * 9999) | replace('a', 'b' * 9999) }}",
        "{{ [1] * 1000000000 }}",
    ] {
        let fault = render(text, &context! {}).unwrap_err();
        assert!(["template_too_costly", "template_fails"].contains(&fault.code), "{text}: {fault:?}");
    }
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(codes(&deep), [(1, "template_too_complex")]);
    let deep = format!("{}{}", "{% if a %}".repeat(2_000), "{% endif %}".repeat(2_000));
    assert_eq!(codes(&deep).len(), 1);
}

/// Texts that nest deeper with every repetition, though none of them looks nested.
fn chains(links: usize) -> Vec<String> {
    let block = |inside: String| format!("{{{{ {inside} }}}}");
    let mut texts = vec![
        block(format!("a{}", ".a".repeat(links))),
        block(format!("a{}", "[0]".repeat(links))),
        block(format!("a{}", "[0:1]".repeat(links))),
        block(format!("a{}", "()".repeat(links))),
        block(format!("a{}", " | e".repeat(links))),
        block(format!("a{}", " is defined".repeat(links))),
        block(format!("a{}", " if a".repeat(links))),
        block(format!("{}a", "-".repeat(links))),
        block(format!("{}a", "not ".repeat(links))),
        block(format!("{}a{}", "- (".repeat(links), ")".repeat(links))),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(links)),
        format!("{{% set a{} = 1 %}}", ".a".repeat(links)),
        format!("{{% for a in a if a{} %}}{{% endfor %}}", ".a".repeat(links)),
    ];
    for operator in ["+", "-", "*", "/", "//", "**", "%", "~", "==", "<", "in", "and", "or"] {
        texts.push(block(format!("a{}", format!(" {operator} a").repeat(links))));
        texts.push(block(format!("1{}", format!(" {operator} 1").repeat(links))));
    }
    texts
}

#[test]
fn a_long_chain_is_refused_before_it_is_walked() {
    for text in chains(50_000) {
        let fault = check(&text).pop().unwrap();
        assert_eq!((fault.line, fault.code), (1, "template_too_complex"), "{}", &text[..40]);
        assert_eq!(variables(&text), []);
        assert_eq!(render(&text, &context! {}).unwrap_err(), fault);
        assert_eq!(longest_bare(&text), None);
    }
    let found = codes(&format!("\n{{{{ a{} }}}}", " | e".repeat(1_000)));
    assert_eq!(found, [(2, "template_too_complex")]);
}

#[test]
fn the_longest_chain_that_is_read_does_no_harm() {
    for text in chains(120).into_iter().chain(chains(45)) {
        let _ = (check(&text), variables(&text), render(&text, &context! {}), longest_bare(&text));
    }
    let names = (0..100).map(|i| format!("'country {i}'")).collect::<Vec<_>>().join(", ");
    assert_eq!(codes(&format!("{{% if country in [{names}] %}}Hi{{% endif %}}")), []);
    let branches = "{% elif country == 'c' %}x".repeat(50);
    assert_eq!(codes(&format!("{{% if not country %}}{branches}{{% endif %}}")), []);
    let elsewhere = "{% raw %}{% elif %}{% endraw %}{{ elif }}".repeat(1_000);
    assert_eq!(codes(&elsewhere), []);
}

#[test]
fn a_fault_does_not_repeat_what_was_written() {
    for text in [
        "{{ a | \u{202e}evil }}",
        "{% <script>alert(1)</script> %}",
        "{{ \"\u{7}\" }}\u{0}{% '",
        "{{ a['\u{7}<b>'] | x\u{0} }}",
    ] {
        for fault in check(text) {
            assert!(fault.detail.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{:?}", fault.detail);
            assert!(!fault.detail.contains("script"), "{:?}", fault.detail);
        }
    }
    let long = format!("{{{{ a | {} }}}}", "x".repeat(65));
    assert_eq!(check(&long)[0].detail, "Line 1: there is no filter of this name in messages.");
    let long = format!("{{% {} %}}", "x".repeat(200));
    assert_eq!(check(&long)[0].detail, "Line 1: the template cannot be read: the syntax is wrong.");
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in r"([a-z .|]|\{\{|\}\}|\{%|%\}|if |endif|for |in |set |'|\(|\)|\[|\]|\PC|\n){0,40}") {
        let faults = check(&text);
        let names = variables(&text);
        let filled = render(&text, &crate::engine::fields::sample(paths(&names)));
        prop_assert!(faults.is_empty() || faults[0].code != "template_syntax" || filled.is_err());
        let _ = longest_bare(&text);
    }
}

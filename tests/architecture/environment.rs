//! `.env.example` says what `src/config` reads.

use std::{collections::BTreeMap, path::Path};

use clento::config::{Config, Vars};
use proc_macro2::TokenTree;

use crate::source::{sources, walk};

/// Read, and set by the system rather than by an operator.
const THE_SYSTEMS: [&str; 3] = ["HOME", "PATH", "XDG_DATA_HOME"];

fn example() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    dotenvy::from_path_iter(path).unwrap().map(Result::unwrap).collect()
}

/// Every text in `src/config` that is spelled like a variable's name is one.
fn read_by_config() -> Vec<String> {
    let mut names = Vec::new();
    for source in sources("src/config") {
        walk(&source.file, &mut |tokens, index| {
            if let TokenTree::Literal(literal) = &tokens[index]
                && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                && is_name(&text.value())
            {
                names.push(text.value());
            }
        });
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[test]
fn the_example_names_exactly_what_is_read() {
    let mut read = read_by_config();
    read.retain(|name| !THE_SYSTEMS.contains(&name.as_str()));
    let named: Vec<String> = example().into_keys().collect();
    assert_eq!(named, read, "left: .env.example, right: src/config");
}

#[test]
fn the_example_holds_no_secret_and_can_be_copied_as_it_is() {
    let example = example();
    for (name, value) in &example {
        let delicate = ["KEY", "SECRET", "URL", "ISSUER", "PARTIES", "ORIGINS"].iter().any(|word| name.contains(word));
        assert!(!delicate || value.is_empty(), "{name} should be empty in .env.example");
    }
    let vars = || example.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let copied = Config::from_vars(Vars::given(vars())).unwrap();
    let default = Config::from_vars(Vars::given([])).unwrap();
    assert_eq!(format!("{copied:?}"), format!("{default:?}"), "the example's values are the defaults");
}

//! Imports go down only, and rooms on one floor do not import each other.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::source::{Source, sources};

/// The rooms and their floors, from the ground up.
const FLOORS: &[(&str, u8)] = &[
    ("errors", 0),
    ("utils", 0),
    ("config", 0),
    ("models", 1),
    ("jobs", 2),
    ("integrations", 3),
    ("repositories", 3),
    ("engine", 4),
    ("services", 5),
    ("state", 6),
    ("dto", 7),
    ("middleware", 7),
    ("workers", 7),
    ("controllers", 8),
    ("routers", 9),
    ("app", 10),
];

/// Neighbours that may be called on, and why.
const NEIGHBOURS: &[(&str, &str)] = &[
    // A setting is parsed into what it is used as, while every fault can still be told at once.
    ("config", "utils"),
    // Every floor tells its failures in the one error type.
    ("utils", "errors"),
    // The outermost layer writes the problem documents, whose shape is the wire's.
    ("middleware", "dto"),
];

/// Macros live at the crate's root whatever room exports them.
const MACROS: &[(&str, &str)] = &[("text_enum", "utils"), ("typed_id", "utils")];

#[test]
fn imports_go_down_only() {
    let mut offenders = Vec::new();
    for source in sources("src") {
        let [room, ..] = source.module()[..] else { continue };
        if ["lib", "main"].contains(&room) {
            continue;
        }
        let floor = floor(room).unwrap_or_else(|| panic!("{}: which floor is {room} on?", source.path));
        for (line, imported) in imports(&source) {
            let imported =
                MACROS.iter().find(|(name, _)| *name == imported).map_or(imported.as_str(), |(_, home)| home);
            let at = || format!("{}:{line}: {room} (floor {floor}) imports {imported}", source.path);
            match self::floor(imported) {
                None => offenders.push(format!("{}, which is on no floor", at())),
                Some(lower) if lower < floor || imported == room || NEIGHBOURS.contains(&(room, imported)) => {}
                Some(other) => offenders.push(format!("{} (floor {other})", at())),
            }
        }
    }
    assert!(offenders.is_empty(), "imports go down only:\n{}", offenders.join("\n"));
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Line and room of everything that the file names by a path from the crate's root, be it `crate::…` or enough `super::`s.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    search(&source.file, source.module().len(), &mut found);
    found
}

fn search(tokens: &TokenStream, depth: usize, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut index = 0;
    while index < tokens.len() {
        let inside_module = index >= 2 && is(&tokens[index - 2], "mod");
        if let TokenTree::Group(group) = &tokens[index] {
            search(&group.stream(), depth + usize::from(inside_module), found);
        }
        let end = root_path(&tokens, index, depth);
        if let Some(end) = end {
            first_names(&tokens[end..], found);
        }
        index = end.unwrap_or(index + 1).max(index + 1);
        // What follows a path's head may be a group with paths in it.
        if let (Some(_), Some(TokenTree::Group(group))) = (end, tokens.get(index)) {
            search(&group.stream(), depth, found);
        }
    }
}

/// If a path from the crate's root begins at `index`: where its first name, or group of names, is.
fn root_path(tokens: &[TokenTree], index: usize, depth: usize) -> Option<usize> {
    let separated = |at: usize| {
        [at, at + 1].iter().all(|at| matches!(tokens.get(*at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':'))
    };
    if is(tokens.get(index)?, "crate") && separated(index + 1) {
        return Some(index + 3);
    }
    let mut supers = 0;
    while is(tokens.get(index + supers * 3)?, "super") && separated(index + supers * 3 + 1) {
        supers += 1;
    }
    (supers >= depth).then_some(index + supers * 3)
}

/// The first name of a path's rest, or of each in its braces.
fn first_names(rest: &[TokenTree], found: &mut Vec<(usize, String)>) {
    match rest.first() {
        Some(TokenTree::Ident(name)) => found.push((name.span().start().line, name.to_string())),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            for part in tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                first_names(part, found);
            }
        }
        _ => {}
    }
}

fn is(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

#[test]
fn every_way_to_name_a_room_is_seen() {
    let text = "use crate::{errors::Result, models::{Lead, page::Page}};
        use crate::services;
        mod tests { use super::super::dto::X; use super::near; }
        fn f() -> crate::state::AppState { let _ = call!($crate::engine::plan(crate::jobs::J)); super::config::read() }
        pub(in crate::repositories) struct S; pub(crate) struct T;";
    let source = Source { path: "src/room.rs".into(), text: text.into(), file: text.parse().unwrap() };
    let mut names: Vec<_> = imports(&source).into_iter().map(|(_, name)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["config", "dto", "engine", "errors", "jobs", "models", "repositories", "services", "state"]);
}

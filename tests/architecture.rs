//! The house's rules, held against the sources: who may import whom, how long things may be, and that what is said twice is said alike.

#![expect(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not their helpers")]

#[path = "architecture/environment.rs"]
mod environment;
#[path = "architecture/floors.rs"]
mod floors;
#[path = "architecture/sizes.rs"]
mod sizes;
#[path = "architecture/source.rs"]
mod source;

use proc_macro2::TokenTree;
use source::{Source, sources, walk};

/// A route without documentation cannot exist: `routes!` registers both, `.route(…)` only one.
#[test]
fn routes_are_registered_with_their_documentation() {
    let mut offenders = Vec::new();
    for Source { path, file, .. } in sources("src/routers") {
        walk(&file, &mut |tokens, index| {
            let [before, name, after] = [index.checked_sub(1), Some(index), Some(index + 1)]
                .map(|index| index.and_then(|index| tokens.get(index)));
            if let (Some(TokenTree::Punct(dot)), Some(TokenTree::Ident(name)), Some(TokenTree::Group(_))) =
                (before, name, after)
                && dot.as_char() == '.'
                && name.to_string().starts_with("route")
                && !["route_layer", "routes"].contains(&name.to_string().as_str())
            {
                offenders.push(format!("{path}:{}: .{name}(…)", name.span().start().line));
            }
        });
    }
    assert!(offenders.is_empty(), "register these with routes!:\n{}", offenders.join("\n"));
}

/// Whose queries belong to no single organization: who is calling, the workers' rounds over all, and whether the server may serve at all.
const SYSTEM: [&str; 20] = [
    "src/repositories/api_keys/identify.rs",
    "src/repositories/api_keys/uses.rs",
    "src/repositories/audit_chain.rs",
    "src/repositories/clay_destinations/push.rs",
    "src/repositories/forgetting.rs",
    "src/repositories/idempotency.rs",
    "src/repositories/identity.rs",
    "src/repositories/imports/aging.rs",
    "src/repositories/link_domains.rs",
    "src/repositories/mail_reads.rs",
    "src/repositories/mailbox_watches.rs",
    "src/repositories/returned_room.rs",
    "src/repositories/rounds.rs",
    "src/repositories/sealed_secrets.rs",
    "src/repositories/suppressions/check.rs",
    "src/repositories/unipile/accounts.rs",
    "src/repositories/unipile/events.rs",
    "src/repositories/unipile/links.rs",
    "src/repositories/unipile/upkeep.rs",
    "src/repositories/unipile/watches.rs",
];

/// The list may only shrink: a new query wants a handle.
#[test]
fn the_door_past_the_handles_is_used_by_whom_is_listed() {
    let mut users = Vec::new();
    for Source { path, file, .. } in sources("src") {
        walk(&file, &mut |tokens, index| {
            if let [TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(_), ..] = &tokens[index..]
                && dot.as_char() == '.'
                && (name == "system" || name == "begin_system")
            {
                users.push(path.clone());
            }
        });
    }
    users.dedup();
    assert_eq!(users, SYSTEM);
}

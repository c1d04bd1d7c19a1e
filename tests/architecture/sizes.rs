//! Nothing may grow long. The lists of exceptions may only shrink.

use syn::{
    Attribute, Block, ImplItemFn, ItemFn, ItemImpl, ItemMod, Signature, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::source::{Source, sources};

/// A file's hard limit, the limit that nine in ten keep, and the one that half of them keep, in lines without tests.
const FILE: (usize, usize, usize) = (400, 250, 100);
/// A function's limit, from its first line to its last.
const FUNCTION: usize = 40;
/// A controller's limit, for its body.
const CONTROLLER: usize = 15;

/// Functions that are longer: file, name, lines that they may have.
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[];

/// What is shipped: a module's tests may have a file of their own.
fn product() -> Vec<Source> {
    sources("src").into_iter().filter(|source| source.module().last() != Some(&"tests")).collect()
}

#[test]
fn files_are_short() {
    let mut sizes: Vec<(usize, String)> =
        product().iter().map(|source| (lines_without_tests(source), source.path.clone())).collect();
    sizes.sort_unstable();
    let told = |over: usize| {
        let offenders = sizes.iter().filter(|(lines, _)| *lines > over);
        offenders.map(|(lines, path)| format!("{path}: {lines} lines")).collect::<Vec<_>>().join("\n")
    };
    let (hard, most, median) = FILE;
    let at = |share: usize| sizes[(sizes.len() * share / 100).min(sizes.len() - 1)].0;
    assert!(at(100) <= hard, "longer than {hard} lines without tests:\n{}", told(hard));
    assert!(at(90) <= most, "nine in ten files should have at most {most} lines:\n{}", told(most));
    assert!(at(50) <= median, "half of the files should have at most {median} lines:\n{}", told(median));
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for source in product() {
        for function in functions(&source) {
            let listed = LONG_FUNCTIONS.iter().find(|(path, name, _)| *path == source.path && *name == function.name);
            if function.lines > listed.map_or(FUNCTION, |(.., lines)| *lines) {
                long.push(format!("{}:{}: {} has {} lines", source.path, function.line, function.name, function.lines));
            }
        }
    }
    assert!(long.is_empty(), "longer than {FUNCTION} lines:\n{}", long.join("\n"));
}

#[test]
fn the_list_of_long_functions_only_shrinks() {
    for (path, name, lines) in LONG_FUNCTIONS {
        let source = sources("src").into_iter().find(|source| source.path == *path);
        let longest = source.and_then(|source| {
            functions(&source)
                .into_iter()
                .filter(|function| function.name == *name)
                .map(|function| function.lines)
                .max()
        });
        assert!(longest > Some(FUNCTION), "{path}: {name} is no longer longer than the limit: take it off the list");
        assert!(longest >= Some(*lines), "{path}: {name} has only {longest:?} lines now: lower its limit in the list");
    }
}

#[test]
fn controllers_only_translate() {
    let mut long = Vec::new();
    for source in sources("src/controllers") {
        for function in functions(&source) {
            if function.body > CONTROLLER {
                long.push(format!("{}:{}: {} has {} lines", source.path, function.line, function.name, function.body));
            }
        }
    }
    assert!(long.is_empty(), "a controller's body has at most {CONTROLLER} lines:\n{}", long.join("\n"));
}

struct Function {
    name: String,
    line: usize,
    /// From the signature's first line to the closing brace.
    lines: usize,
    /// Between the braces.
    body: usize,
}

fn functions(source: &Source) -> Vec<Function> {
    let mut seen = Seen::default();
    seen.visit_file(&source.syntax());
    seen.functions
}

fn lines_without_tests(source: &Source) -> usize {
    let mut seen = Seen::default();
    seen.visit_file(&source.syntax());
    source.text.lines().count() - seen.test_lines
}

/// What a file holds, tests aside.
#[derive(Default)]
struct Seen {
    functions: Vec<Function>,
    test_lines: usize,
}

impl Seen {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let (first, open) = (signature.span().start().line, block.span().start().line);
        let last = block.span().end().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line: first,
            lines: last - first + 1,
            body: (last - open).saturating_sub(1),
        });
    }

    fn is_test(&mut self, attributes: &[Attribute], item: &impl Spanned) -> bool {
        let test = attributes.iter().any(|attribute| {
            attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
        });
        if test {
            self.test_lines += item.span().end().line - item.span().start().line + 1;
        }
        test
    }
}

impl<'a> Visit<'a> for Seen {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        if !self.is_test(&item.attrs, item) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if !self.is_test(&item.attrs, item) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        if !self.is_test(&item.attrs, item) {
            self.function(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

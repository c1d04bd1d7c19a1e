//! The crate's sources.

use std::{fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};

/// One file.
pub(crate) struct Source {
    /// Its path, from the checkout's root.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Its tokens; comments are not among them, what macros are given is.
    pub(crate) file: TokenStream,
}

impl Source {
    /// The modules that the file is inside of, itself included: `src/dto/extract/body.rs` is `dto`, `extract`, `body`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').collect()
    }

    /// The file as syntax.
    pub(crate) fn syntax(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }
}

/// Every Rust file under `folder`, in order of path.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&root.join(folder), root, &mut found);
    assert!(!found.is_empty(), "{folder} has no sources");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, root: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let file = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.push(Source { path: path.strip_prefix(root).unwrap().display().to_string(), text, file });
        }
    }
}

/// Shows every token with those around it, outside in.
pub(crate) fn walk(tokens: &TokenStream, see: &mut impl FnMut(&[TokenTree], usize)) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        see(&tokens, index);
        if let TokenTree::Group(group) = token {
            walk(&group.stream(), see);
        }
    }
}

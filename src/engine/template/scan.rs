//! What a compiled template asks for, found in all its branches, the untaken ones too. The library offers this only through its inner
//! machinery, which is why `Cargo.toml` pins it.

use std::collections::{BTreeMap, HashSet};

use minijinja::{
    Template,
    machinery::{Instruction, Instructions, get_compiled_template},
};

use super::{TemplateFault, Variable};

/// The filters that a message may use; `environment` defines them.
pub(super) const FILTERS: [&str; 19] = [
    "default",
    "d",
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "replace",
    "first",
    "last",
    "length",
    "join",
    "split",
    "string",
    "int",
    "float",
    "round",
    "escape",
    "e",
];

/// The tests that a message may use; `environment` defines them.
pub(super) const TESTS: [&str; 8] =
    ["defined", "undefined", "none", "string", "number", "startingwith", "endingwith", "in"];

/// Each use of something that does not exist in messages.
pub(super) fn forbidden(template: &Template<'_, '_>) -> Vec<TemplateFault> {
    let mut faults: Vec<TemplateFault> =
        steps(&get_compiled_template(template).instructions).filter_map(|(line, step)| forbid(line, step)).collect();
    faults.dedup();
    faults
}

fn forbid(line: usize, step: &Instruction<'_>) -> Option<TemplateFault> {
    let fault = |code, kind: &str, name: &str| {
        TemplateFault::new(line, code, &format!("there is no {kind} {} in messages.", quoted(name)))
    };
    match step {
        Instruction::ApplyFilter(name, ..) if !FILTERS.contains(name) => Some(fault("unknown_filter", "filter", name)),
        Instruction::PerformTest(name, ..) if !TESTS.contains(name) => Some(fault("unknown_test", "test", name)),
        Instruction::CallFunction(name, _) | Instruction::CallMethod(name, _) => {
            Some(fault("unknown_function", "function", name))
        }
        Instruction::CallObject(_) | Instruction::FastRecurse => {
            Some(TemplateFault::new(line, "unknown_function", "nothing can be called in messages."))
        }
        Instruction::PushAutoEscape => {
            Some(TemplateFault::new(line, "template_syntax", "what is escaped is not for a message to say."))
        }
        _ => None,
    }
}

/// The variables that are not the template's own, each with the line where it is first asked for.
pub(super) fn variables(template: &Template<'_, '_>) -> Vec<Variable> {
    let roots: HashSet<String> = template.undeclared_variables(false);
    let instructions = &get_compiled_template(template).instructions;
    let mut found = BTreeMap::new();
    for (at, (line, step)) in (0_u32..).zip(steps(instructions)) {
        if let Instruction::Lookup(root) = step
            && roots.contains(*root)
        {
            found.entry(path_from(instructions, at, root)).or_insert(line);
        }
    }
    found.into_iter().map(|(path, line)| Variable { path, line }).collect()
}

/// `root` and the names that are looked up in it at once: `.name` and `['name']`.
fn path_from(instructions: &Instructions<'_>, root_at: u32, root: &str) -> String {
    let mut path = root.to_owned();
    let mut at = root_at + 1;
    loop {
        match (instructions.get(at), instructions.get(at + 1)) {
            (Some(Instruction::GetAttr(name)), _) => {
                path.push('.');
                path.push_str(name);
                at += 1;
            }
            (Some(Instruction::LoadConst(key)), Some(Instruction::GetItem)) => {
                let Some(name) = key.as_str() else { return path };
                path.push('.');
                path.push_str(name);
                at += 2;
            }
            _ => return path,
        }
    }
}

fn steps<'i, 's>(instructions: &'i Instructions<'s>) -> impl Iterator<Item = (usize, &'i Instruction<'s>)> {
    (0_u32..).map_while(|at| Some((instructions.get_line(at).unwrap_or_default(), instructions.get(at)?)))
}

/// A name in backquotes, if it is short and plain; what was written is not repeated otherwise.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ');
    if !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        format!("`{name}`")
    } else {
        "of this name".into()
    }
}

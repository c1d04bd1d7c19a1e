//! The language of messages: which filters and tests there are. What is not named here does not exist.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, filters, tests};

/// The work that one message may cost: about as many steps, or 64 times as many bytes. A long mail takes a few hundred.
const FUEL: u64 = 5_000;

/// What becomes of a variable that has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The message is not made, unless the template gives a default or only asks whether there is a value.
    IsFault,
    /// It stays empty.
    IsEmpty,
}

static STRICT: LazyLock<Environment<'static>> = LazyLock::new(|| build(UndefinedBehavior::SemiStrict));
static LENIENT: LazyLock<Environment<'static>> = LazyLock::new(|| build(UndefinedBehavior::Chainable));

/// The language, for as long as the text that it reads lives.
pub(super) fn environment<'t>(missing: Missing) -> &'t Environment<'t> {
    match missing {
        Missing::IsFault => &STRICT,
        Missing::IsEmpty => &LENIENT,
    }
}

fn build(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(undefined);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    add_filters(&mut environment);
    add_tests(&mut environment);
    environment
}

fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("default", filters::default);
    environment.add_filter("d", filters::default);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("join", filters::join);
    environment.add_filter("split", filters::split);
    environment.add_filter("string", filters::string);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("round", filters::round);
    environment.add_filter("escape", filters::escape);
    environment.add_filter("e", filters::escape);
}

fn add_tests(environment: &mut Environment<'static>) {
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
    environment.add_test("string", tests::is_string);
    environment.add_test("number", tests::is_number);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("in", tests::is_in);
}

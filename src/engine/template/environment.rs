//! The language of messages: which filters and tests there are. What is not named here does not exist.

use std::sync::{Arc, LazyLock};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value, filters, tests, value::Kwargs,
};

/// The work that one message may cost: about as many steps, or 64 times as many bytes. A long mail takes a few hundred.
const FUEL: u64 = 5_000;

/// How a template is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Values as they are. If one is missing, the message is not made, unless the template gives a default or only asks whether there is
    /// a value.
    Text,
    /// The same for HTML: what has a meaning there is escaped in each value.
    Html,
    /// Values as they are. What is missing stays empty.
    Bare,
}

static TEXT: LazyLock<Environment<'static>> = LazyLock::new(|| build(Mode::Text));
static HTML: LazyLock<Environment<'static>> = LazyLock::new(|| build(Mode::Html));
static BARE: LazyLock<Environment<'static>> = LazyLock::new(|| build(Mode::Bare));

/// The language, for as long as the text that it reads lives.
pub(super) fn environment<'t>(mode: Mode) -> &'t Environment<'t> {
    match mode {
        Mode::Text => &TEXT,
        Mode::Html => &HTML,
        Mode::Bare => &BARE,
    }
}

fn build(mode: Mode) -> Environment<'static> {
    let (undefined, escape) = match mode {
        Mode::Text => (UndefinedBehavior::SemiStrict, AutoEscape::None),
        Mode::Html => (UndefinedBehavior::SemiStrict, AutoEscape::Html),
        Mode::Bare => (UndefinedBehavior::Chainable, AutoEscape::None),
    };
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(undefined);
    environment.set_auto_escape_callback(move |_| escape.clone());
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
    environment.add_filter("length", length);
    environment.add_filter("join", filters::join);
    environment.add_filter("split", split);
    environment.add_filter("string", filters::string);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("round", round);
    environment.add_filter("escape", escape);
    environment.add_filter("e", escape);
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

/// The value, unless it is missing where that is a fault. Most filters see to it themselves; those below make something of nothing.
fn given<'v>(state: &State<'_, '_>, value: &'v Value) -> Result<&'v Value, Error> {
    let may_be_missing = state.env().undefined_behavior() == UndefinedBehavior::Chainable;
    if value.is_undefined() && !may_be_missing { Err(ErrorKind::UndefinedError.into()) } else { Ok(value) }
}

fn escape(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let value = given(state, value)?;
    filters::escape(state, value)
}

fn length(state: &State<'_, '_>, value: &Value) -> Result<usize, Error> {
    given(state, value).and_then(filters::length)
}

fn split(state: &State<'_, '_>, value: &Value, separator: Option<Arc<str>>, most: Option<i64>) -> Result<Value, Error> {
    filters::split(given(state, value)?, separator, most)
}

fn round(
    state: &State<'_, '_>,
    value: &Value,
    precision: Option<i32>,
    method: Option<&str>,
    named: Kwargs,
) -> Result<Value, Error> {
    filters::round(given(state, value)?.clone(), precision, method, named)
}

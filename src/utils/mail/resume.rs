//! Until when somebody is away, if an answering machine plainly says so: a date behind a word such as "until" or "back on", in the languages that
//! most of them are written in. What may mean two days means none.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

/// How much of an answer is looked at, in characters.
const LOOKED_AT: usize = 4_000;
/// How far behind such a word the date ends, in words: "until and including Monday, the 4th of January 2027".
const WORDS_BEHIND: usize = 9;
/// Nobody is away for longer than this, in days: what lies behind is no return.
const LONGEST: i64 = 400;

/// Words behind which a date stands that is the last day of an absence, or the first after it.
#[rustfmt::skip]
const WORDS: [&str; 62] = [
    "until", "till", "til", "through", "thru", "back on", "back in the office on", "returning on", "returning", "return on", "return to the office on",
    "back from", "bis", "zurück am", "wieder am", "ab dem", "ab", "jusqu'au", "jusqu'à", "de retour le", "retour le", "à partir du",
    "hasta el", "hasta", "regreso el", "regresaré el", "vuelvo el", "a partir del", "fino al", "fino a", "rientro il", "rientrerò il",
    "tornerò il", "dal", "até", "até o dia", "regresso a", "de volta em", "retorno em", "a partir de", "tot en met", "tot", "t/m", "terug op",
    "vanaf", "till och med", "tillbaka den", "åter den", "åter", "til og med", "tilbage den", "tilbake", "do dnia", "do", "wracam",
    "od dnia", "asti", "до", "вернусь", "с", "まで", "至",
];
/// The months in these languages by their first letters, each with its number.
#[rustfmt::skip]
const MONTHS: [(&str, u32); 76] = [
    ("jan", 1), ("jän", 1), ("gen", 1), ("ene", 1), ("stycz", 1), ("янв", 1), ("feb", 2), ("fév", 2), ("fev", 2), ("lut", 2), ("фев", 2),
    ("mar", 3), ("mär", 3), ("mrz", 3), ("maart", 3), ("мар", 3), ("apr", 4), ("avr", 4), ("abr", 4), ("kwie", 4), ("апр", 4), ("may", 5),
    ("mai", 5), ("mei", 5), ("mag", 5), ("maj", 5), ("мая", 5), ("jun", 6), ("juin", 6), ("giu", 6), ("czerw", 6), ("июн", 6), ("jul", 7),
    ("juil", 7), ("lug", 7), ("lip", 7), ("июл", 7), ("aug", 8), ("août", 8), ("ago", 8), ("sierp", 8), ("авг", 8), ("sep", 9), ("set", 9),
    ("wrze", 9), ("сен", 9), ("oct", 10), ("okt", 10), ("ott", 10), ("out", 10), ("paźdz", 10), ("окт", 10), ("nov", 11), ("listop", 11),
    ("ноя", 11), ("dec", 12), ("dez", 12), ("déc", 12), ("dic", 12), ("grud", 12), ("дек", 12), ("tammi", 1), ("helmi", 2), ("maalis", 3),
    ("huhti", 4), ("touko", 5), ("kesä", 6), ("heinä", 7), ("elo", 8), ("syys", 9), ("loka", 10), ("marras", 11), ("joulu", 12), ("ago.", 8),
    ("mayo", 5), ("maio", 5),
];
/// The days of the week in these languages by their first letters.
#[rustfmt::skip]
const WEEKDAYS: [(&str, Weekday); 49] = [
    ("monday", Weekday::Mon), ("montag", Weekday::Mon), ("lundi", Weekday::Mon), ("lunes", Weekday::Mon), ("lunedì", Weekday::Mon),
    ("segunda", Weekday::Mon), ("maandag", Weekday::Mon), ("tuesday", Weekday::Tue), ("dienstag", Weekday::Tue), ("mardi", Weekday::Tue),
    ("martes", Weekday::Tue), ("martedì", Weekday::Tue), ("terça", Weekday::Tue), ("dinsdag", Weekday::Tue), ("wednesday", Weekday::Wed),
    ("mittwoch", Weekday::Wed), ("mercredi", Weekday::Wed), ("miércoles", Weekday::Wed), ("mercoledì", Weekday::Wed), ("quarta", Weekday::Wed),
    ("woensdag", Weekday::Wed), ("thursday", Weekday::Thu), ("donnerstag", Weekday::Thu), ("jeudi", Weekday::Thu), ("jueves", Weekday::Thu),
    ("giovedì", Weekday::Thu), ("quinta", Weekday::Thu), ("donderdag", Weekday::Thu), ("friday", Weekday::Fri), ("freitag", Weekday::Fri),
    ("vendredi", Weekday::Fri), ("viernes", Weekday::Fri), ("venerdì", Weekday::Fri), ("sexta", Weekday::Fri), ("vrijdag", Weekday::Fri),
    ("saturday", Weekday::Sat), ("samstag", Weekday::Sat), ("sonnabend", Weekday::Sat), ("samedi", Weekday::Sat), ("sábado", Weekday::Sat),
    ("sabato", Weekday::Sat), ("zaterdag", Weekday::Sat), ("sunday", Weekday::Sun), ("sonntag", Weekday::Sun), ("dimanche", Weekday::Sun),
    ("domingo", Weekday::Sun), ("domenica", Weekday::Sun), ("zondag", Weekday::Sun), ("søndag", Weekday::Sun),
];

/// The last day that subject and text give for the absence or the return, seen from `today`.
pub(super) fn day(subject: Option<&str>, text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let told: String = format!("{}\n{text}", subject.unwrap_or_default()).chars().take(LOOKED_AT).collect();
    let told = told.to_lowercase().replace(['’', '‘'], "'").replace('\n', " \u{1} ");
    let words: Vec<&str> = told.split_whitespace().collect();
    let latest = today.checked_add_days(Days::new(LONGEST.unsigned_abs()))?;
    let days = (0..words.len()).filter_map(|at| {
        let keyword = longest_keyword(&words[at..])?;
        // A sentence may be wrapped, but what stands behind an empty line is another matter.
        let behind: Vec<&str> =
            words[at + keyword..].iter().copied().filter(|word| *word != "\u{1}").take(WORDS_BEHIND).collect();
        date(&behind, today)
    });
    days.filter(|day| *day >= today && *day <= latest).max()
}

/// Of how many words the keyword is that begins here.
fn longest_keyword(words: &[&str]) -> Option<usize> {
    let begins = |keyword: &&str| {
        let mut parts = keyword.split(' ');
        let mut given = words.iter();
        parts.all(|part| given.next().is_some_and(|word| word.trim_matches(['(', ',', '*', ':']) == part))
    };
    WORDS.iter().filter(|keyword| begins(keyword)).map(|keyword| keyword.split(' ').count()).max()
}

/// What may stand between such a word and its date.
#[rustfmt::skip]
const FILLERS: [&str; 27] = ["the", "and", "including", "inclusive", "end", "of", "on", "einschließlich", "zum", "dem", "den", "am", "le", "el", "il", "o", "dia", "día", "und", "mit", "incluido", "inclus", "di", "op", "dnia", "to", "y"];

/// The first date in these words, if nothing but fillers stands before it.
fn date(words: &[&str], today: NaiveDate) -> Option<NaiveDate> {
    let mut weekday = None;
    for (at, word) in words.iter().enumerate() {
        let clean = word.trim_matches(|c: char| !c.is_alphanumeric());
        if let Some(date) = numeric(clean, today).or_else(|| in_words(&words[at..], today)) {
            return Some(date);
        }
        let stem = clean.split('-').next().unwrap_or_default();
        if weekday.is_none()
            && let Some((_, day)) = WEEKDAYS.iter().find(|(name, _)| *name == stem)
        {
            weekday = Some(*day);
        } else if !FILLERS.contains(&clean) {
            break;
        }
    }
    let weekday = weekday?;
    today.iter_days().skip(1).take(7).find(|day| day.weekday() == weekday)
}

/// `2026-12-24`, `24.12.2026`, `24.12.`, `24/12/2026`. With slashes the month may come first: only what can be read in one way counts.
fn numeric(word: &str, today: NaiveDate) -> Option<NaiveDate> {
    let separator = word.chars().find(|c| !c.is_ascii_digit())?;
    let numbers: Vec<u32> =
        word.split(separator).filter(|part| !part.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
    match (separator, numbers.as_slice()) {
        ('-' | '/' | '.', &[year, month, day]) if year > 1_000 => whole(year, month, day),
        ('.' | '-', &[day, month, year]) => whole(century(year), month, day),
        ('.', &[day, month]) => next(month, day, today),
        ('/', &[first, second, year]) if first > 12 || first == second => whole(century(year), second, first),
        ('/', &[first, second, year]) if second > 12 => whole(century(year), first, second),
        ('/', &[first, second]) if first > 12 || first == second => next(second, first, today),
        ('/', &[first, second]) if second > 12 => next(first, second, today),
        _ => None,
    }
}

/// `24 December 2026`, `the 24th of December`, `December 24th, 2026`, `24. Dezember`.
fn in_words(words: &[&str], today: NaiveDate) -> Option<NaiveDate> {
    let clean = |at: usize| words.get(at).map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let (first, mut behind) = (clean(0)?, 1);
    let (day, month) = if let Some(day) = ordinal(first) {
        while matches!(clean(behind), Some("of" | "de" | "del")) {
            behind += 1;
        }
        (day, month(clean(behind)?)?)
    } else {
        (ordinal(clean(1)?)?, month(first)?)
    };
    behind = behind.max(1) + 1;
    while matches!(clean(behind), Some("de" | "del")) {
        behind += 1;
    }
    let year = clean(behind).and_then(|word| word.parse::<u32>().ok()).filter(|year| (2000..2200).contains(year));
    year.map_or_else(|| next(month, day, today), |year| whole(year, month, day))
}

/// `24`, `24th`, `1er`, `1º`.
fn ordinal(word: &str) -> Option<u32> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let suffix = word.get(digits..)?;
    let known = matches!(suffix, "" | "st" | "nd" | "rd" | "th" | "er" | "º" | "°" | "e" | "ste" | "de");
    word.get(..digits)?.parse().ok().filter(|day| known && (1..=31).contains(day))
}

fn month(word: &str) -> Option<u32> {
    let found = MONTHS.iter().filter(|(begin, _)| word.starts_with(begin)).max_by_key(|(begin, _)| begin.len());
    found.map(|(_, month)| *month)
}

fn century(year: u32) -> u32 {
    if year < 100 { 2000 + year } else { year }
}

fn whole(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// The next such day, today included.
fn next(month: u32, day: u32, today: NaiveDate) -> Option<NaiveDate> {
    (0..=1).find_map(|years| NaiveDate::from_ymd_opt(today.year() + years, month, day).filter(|date| *date >= today))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        day(None, text, NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()).map(|day| day.to_string())
    }

    #[test]
    fn a_plain_date_is_read_in_many_languages() {
        for (text, expected) in [
            ("I am out of the office until 4 December 2026.", "2026-12-04"),
            ("I will be back on Monday, January 4th, 2027.", "2027-01-04"),
            ("Away from 24/11/2026 through 30/11/2026", "2026-11-30"),
            ("until the 4th of January", "2027-01-04"),
            ("Ich bin bis zum 04.12.2026 nicht im Haus.", "2026-12-04"),
            ("bis einschließlich Freitag, den 4. Dezember", "2026-12-04"),
            ("Ich bin ab dem 7.12. wieder erreichbar", "2026-12-07"),
            ("Je suis absent jusqu'au 4 décembre inclus.", "2026-12-04"),
            ("De retour le 1er décembre 2026", "2026-12-01"),
            ("Estaré ausente hasta el 4 de diciembre de 2026", "2026-12-04"),
            ("Sarò assente fino al 4 dicembre 2026", "2026-12-04"),
            ("Estarei ausente até 4 de dezembro", "2026-12-04"),
            ("Ik ben afwezig tot en met 4 december", "2026-12-04"),
            ("Jag är tillbaka den 4 december", "2026-12-04"),
            ("Wracam 4 grudnia 2026", "2026-12-04"),
            ("Я в отпуске до 4 декабря", "2026-12-04"),
            ("Out until 2026-12-04 (inclusive)", "2026-12-04"),
            ("I am out of the office until Monday and will answer then", "2026-11-30"),
            ("I am away until 24 November and back on 30 November.", "2026-11-30"),
            ("I am out of the office\nuntil\n4 December", "2026-12-04"),
        ] {
            assert_eq!(told(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_may_mean_two_days_or_none_means_none() {
        for text in [
            "I am away until 03/04/2027",
            "I am on leave until further notice",
            "We are open from 9 until 17 on weekdays",
            "The offer ended on 4 December 2025, until 1 May 2026",
            "Since 4 December 2026 I work elsewhere",
            "until 99.99.2026",
            "until 4 December 2099",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}

//! Telling machines that fetch a mail's picture or links from people who read it. What is told here is told from a single request; what takes
//! several is in `judge`. docs/mailboxes.md has each rule with where it comes from.

/// How something was fetched.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visit<'a> {
    /// Whether only the head was asked for.
    pub head_only: bool,
    /// What program says to ask.
    pub program: Option<&'a str>,
    /// What for, if it says so (`Sec-Purpose` and its forerunners).
    pub purpose: Option<&'a str>,
}

/// All that Apple's Mail Privacy Protection says of itself (jdavidbakr/mail-tracker, issue 255).
const APPLE: &str = "Mozilla/5.0";
/// How Gmail's program asks before it shows a mail; `GoogleImageProxy` asks when it is opened (Bird, "Gmail is prefetching images", 2022).
const GMAIL_AHEAD: &str = "Edge/12.246 Mozilla/5.0";

/// Words in the names of programs that are no person's: of those that look through links in mails, those that show what is behind a link, and
/// those that anybody's scripts are written with.
const MACHINES: [&str; 37] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "scanner",
    "preview",
    "headless",
    "phantomjs",
    "monitor",
    "fetch",
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "mcafee",
    "trellix",
    "fireeye",
    "forcepoint",
    "ironport",
    "sophos",
    "trend micro",
    "trendmicro",
    "bitdefender",
    "kaspersky",
    "virustotal",
    "facebookexternalhit",
    "whatsapp",
    "curl/",
    "wget",
    "python",
    "java/",
    "go-http-client",
    "libwww",
    "httpclient",
    "okhttp",
    "axios",
    "ruby",
];
/// A telephone, whose name holds one of them.
const NO_MACHINE: &str = "cubot";

impl Visit<'_> {
    /// Whether it was surely no person.
    #[must_use]
    pub fn is_a_machines(&self) -> bool {
        self.head_only || self.is_ahead() || self.program.is_none_or(is_machine)
    }

    fn is_ahead(&self) -> bool {
        let purpose = self.purpose.unwrap_or_default().to_ascii_lowercase();
        ["prefetch", "prerender", "preview"].iter().any(|ahead| purpose.contains(ahead))
    }
}

fn is_machine(program: &str) -> bool {
    let program = program.trim();
    let name = program.to_ascii_lowercase().replace(NO_MACHINE, "");
    program.is_empty()
        || program == APPLE
        || program.ends_with(GMAIL_AHEAD)
        || MACHINES.iter().any(|machine| name.contains(machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    fn by(program: &str) -> bool {
        Visit { program: Some(program), ..Visit::default() }.is_a_machines()
    }

    #[test]
    fn programs_that_people_read_with_are_people() {
        for program in [
            CHROME,
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
            "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
            "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile",
        ] {
            assert!(!by(program), "{program}");
        }
    }

    #[test]
    fn programs_that_nobody_reads_with_are_machines() {
        for program in [
            "",
            " ",
            "Mozilla/5.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
            "Barracuda Sentinel (EE)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
            "python-requests/2.32.3",
            "curl/8.5.0",
            "Go-http-client/1.1",
        ] {
            assert!(by(program), "{program}");
        }
        assert!(Visit::default().is_a_machines(), "who says nothing");
    }

    #[test]
    fn who_only_looks_or_looks_ahead_is_a_machine() {
        let visit = Visit { program: Some(CHROME), ..Visit::default() };
        assert!(!visit.is_a_machines());
        assert!(Visit { head_only: true, ..visit }.is_a_machines());
        for purpose in ["prefetch", "prefetch;prerender", "preview", "Prefetch"] {
            assert!(Visit { purpose: Some(purpose), ..visit }.is_a_machines(), "{purpose}");
        }
        assert!(!Visit { purpose: Some(""), ..visit }.is_a_machines());
    }
}

//! What is done, one step after another; each builds on those before it.

use super::browser::Browser;
use super::pane::Pane;
use super::servers::Ledger;
use super::{Stage, leak};
use crate::shell::Failure;

/// A title and what is done.
pub(super) type Step = (&'static str, fn(&Stage) -> Result<(), Failure>);

/// Exit statuses of `car`, from its reference.
const DONE: i32 = 0;
const SIGN_IN: i32 = 3;
/// Lifetimes of access tokens, in seconds: none expires by itself, or soon.
const LONG: u32 = 600;
const SHORT: u32 = 2;
/// What the ledger calls things.
const REFRESHED: &str = "token.refresh_token.granted";
const BROWSED: &str = "authorization";
const CODES: &str = "token.authorization_code.granted";
/// What `car` asks for when it opens no browser.
const PROMPT: &str = "Paste the address that the browser ended at:";
/// Where `CAR_SECRETS=file` keeps them, in the state folder.
const SECRETS: &str = "secrets.json";
/// Who signs in from another machine; the browser on this one signs in as somebody else.
const FAR: &str = "grace";

pub(super) const STEPS: &[Step] = &[
    ("the server wants a sign-in, and car says so", add),
    ("sign in with the browser", sign_in),
    ("use the tools; nothing is refreshed while the token is good", use_tools),
    ("the server forgets the access token: one refresh, no browser", survive_forgotten_token),
    ("the access token expires: one refresh with the rotated token, no browser", survive_expiry),
    ("the server withdraws the grant: car asks for a sign-in again", notice_withdrawal),
    ("sign in again, then sign out: the server hears of it", sign_out),
    ("sign in where no browser can be opened", sign_in_elsewhere),
    ("codes and tokens are in the secrets file and nowhere else", keep_secrets),
];

fn add(stage: &Stage) -> Result<(), Failure> {
    let seen = stage.car.show(&["add", "docs", stage.servers.mcp()], SIGN_IN)?;
    expect(&format!("{}{}", seen.stdout, seen.stderr), "car login docs")
}

fn sign_in(stage: &Stage) -> Result<(), Failure> {
    let (visits, before) = (stage.browser.visits(), stage.servers.ledger()?);
    stage.car.show(&["login", "docs"], DONE)?;
    stage.browser.visit(visits + 1)?;
    let after = stage.servers.ledger()?;
    happened(&before, &after, CODES, 1)?;
    happened(&before, &after, REFRESHED, 0)
}

fn use_tools(stage: &Stage) -> Result<(), Failure> {
    let before = stage.servers.ledger()?;
    expect(&stage.car.show(&["list", "--json"], DONE)?.stdout, "\"docs\"")?;
    expect(&stage.car.show(&["tools", "docs"], DONE)?.stdout, "whoami")?;
    stage.car.show(&["enable", "docs", "--all"], DONE)?;
    call(stage)?;
    expect(&stage.car.show(&["call", "docs", "whoami"], DONE)?.stdout, "ada")?;
    happened(&before, &stage.servers.ledger()?, REFRESHED, 0)
}

fn survive_forgotten_token(stage: &Stage) -> Result<(), Failure> {
    // The next token comes from the refresh, and lives shortly.
    stage.servers.set_lifetime(SHORT)?;
    stage.servers.drop_access_tokens()?;
    call_with_one_refresh(stage)
}

fn survive_expiry(stage: &Stage) -> Result<(), Failure> {
    stage.servers.wait_for_expiry()?;
    stage.servers.set_lifetime(LONG)?;
    call_with_one_refresh(stage)?;
    let before = stage.servers.ledger()?;
    call(stage)?;
    happened(&before, &stage.servers.ledger()?, REFRESHED, 0)
}

fn notice_withdrawal(stage: &Stage) -> Result<(), Failure> {
    let before = stage.servers.ledger()?;
    stage.servers.revoke_all()?;
    stage.car.show(&["call", "docs", "echo", "message=hello"], SIGN_IN)?;
    // A call never opens a browser by itself.
    happened(&before, &stage.servers.ledger()?, BROWSED, 0)
}

fn sign_out(stage: &Stage) -> Result<(), Failure> {
    sign_in(stage)?;
    call(stage)?;
    let before = stage.servers.ledger()?;
    stage.car.show(&["logout", "docs"], DONE)?;
    let after = stage.servers.ledger()?;
    // The refresh token is what must go; its server drops the access tokens of the grant with it (RFC 7009 section 2.1).
    happened(&before, &after, "revocation.refresh_token", 1)?;
    stage.car.show(&["call", "docs", "echo", "message=hello"], SIGN_IN)?;
    let holders = leak::holders(stage.car.home(), &stage.servers.issued_secrets()?)?;
    println!("files that still hold a code or token: {holders:?}");
    if holders.is_empty() { Ok(()) } else { Err("expected none after the sign-out".into()) }
}

fn sign_in_elsewhere(stage: &Stage) -> Result<(), Failure> {
    let visits = stage.browser.visits();
    let pane = Pane::start(&stage.car, &["login", "docs", "--no-browser"])?;
    let url = pane.wait("car to ask", |screen| screen.contains(PROMPT).then(|| address(screen)).flatten())?;
    println!("(somebody opens this elsewhere: {url})");
    let redirect = Browser::stop_at_redirect(&url, FAR)?;
    pane.type_line(&redirect)?;
    let (screen, status) = pane.end()?;
    // A code that was used is worth nothing; the output is still no place for it.
    println!("{}", code(&redirect).map_or_else(|| screen.clone(), |code| screen.replace(code, "…")));
    if status != DONE {
        return Err(format!("car login ended with status {status}, expected {DONE}").into());
    }
    if stage.browser.visits() != visits {
        return Err("car opened a browser although it was told not to".into());
    }
    call(stage)?;
    expect(&stage.car.show(&["call", "docs", "whoami"], DONE)?.stdout, FAR)
}

fn keep_secrets(stage: &Stage) -> Result<(), Failure> {
    let issued = stage.servers.issued_secrets()?;
    let holders = leak::holders(stage.car.home(), &issued)?;
    println!("{} codes and tokens were issued; files that hold one: {holders:?}", issued.len());
    // The last sign-in is there: the search finds what it looks for.
    if holders == [SECRETS] { Ok(()) } else { Err(format!("expected only {SECRETS}").into()) }
}

fn call(stage: &Stage) -> Result<(), Failure> {
    expect(&stage.car.show(&["call", "docs", "echo", "message=hello"], DONE)?.stdout, "hello")
}

fn call_with_one_refresh(stage: &Stage) -> Result<(), Failure> {
    let before = stage.servers.ledger()?;
    call(stage)?;
    let after = stage.servers.ledger()?;
    happened(&before, &after, REFRESHED, 1)?;
    happened(&before, &after, "token.refresh_token.refused", 0)?;
    happened(&before, &after, BROWSED, 0)
}

/// Checks how often something happened between two looks at the ledger.
fn happened(before: &Ledger, after: &Ledger, what: &str, times: u64) -> Result<(), Failure> {
    let found = after.count(what) - before.count(what);
    if found == times {
        println!("the server counted {what}: {found} more");
        return Ok(());
    }
    Err(format!("the server counted {what}: {found} more, expected {times}").into())
}

fn expect(text: &str, wanted: &str) -> Result<(), Failure> {
    if text.contains(wanted) { Ok(()) } else { Err(format!("expected to see \"{wanted}\" above").into()) }
}

/// Finds the authorization URL on a screen.
fn address(screen: &str) -> Option<String> {
    let is_address = |word: &&str| word.starts_with("http") && word.contains("code_challenge=");
    screen.split_whitespace().find(is_address).map(ToOwned::to_owned)
}

/// Finds the code in the address that a browser was sent back to.
fn code(redirect: &str) -> Option<&str> {
    let (_, after) = redirect.split_once("?code=").or_else(|| redirect.split_once("&code="))?;
    after.split('&').next().filter(|code| !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{address, code};

    #[test]
    fn finds_the_address_among_other_words() {
        let screen =
            "Open this in a browser:\n\n  http://127.0.0.1:1/auth?code_challenge=a&state=b\n\nPaste: ";
        assert_eq!(address(screen).as_deref(), Some("http://127.0.0.1:1/auth?code_challenge=a&state=b"));
        assert_eq!(address("see http://127.0.0.1:1/help"), None);
    }

    #[test]
    fn finds_the_code_only() {
        assert_eq!(code("http://127.0.0.1:1/callback?code=abc&state=d"), Some("abc"));
        assert_eq!(code("http://127.0.0.1:1/callback?error=access_denied"), None);
    }
}

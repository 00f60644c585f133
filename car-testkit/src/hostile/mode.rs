//! The ways of misbehaving, by name.

use std::fmt;
use std::str::FromStr;

/// When the misbehaviour starts. Before it, the server answers as a plain modern one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// From the first request on.
    #[default]
    Connect,
    /// From the first list on.
    List,
    /// From the first tool call on.
    Call,
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "connect" => Ok(Self::Connect),
            "list" => Ok(Self::List),
            "call" => Ok(Self::Call),
            other => Err(format!("expected connect, list or call, found {other}")),
        }
    }
}

macro_rules! modes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// One way of misbehaving.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Mode { $($(#[doc = $doc])+ $name,)+ }

        impl Mode {
            /// Every mode, in the order in which they are documented.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the name used on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

modes! {
    /// Answers 200 with a web page.
    Html = "html",
    /// Answers 404 with a web page.
    NotFound = "not-found",
    /// Answers 500 with a text.
    ServerError = "server-error",
    /// Answers 401 and says nothing about how to sign in.
    Unauthorized = "unauthorized",
    /// Reads the request and never answers.
    Silent = "silent",
    /// Answers one byte a second.
    Trickle = "trickle",
    /// Closes the connection without an answer.
    Hangup = "hangup",
    /// Closes the connection in the middle of the body.
    CutBody = "cut-body",
    /// Announces a body of a tebibyte.
    HugeLength = "huge-length",
    /// Sends a body that never ends.
    EndlessBody = "endless-body",
    /// Sends headers that never end.
    EndlessHeaders = "endless-headers",
    /// Answers in another protocol than HTTP.
    NotHttp = "not-http",
    /// Says JSON and sends none.
    NotJson = "not-json",
    /// Sends JSON that is not UTF-8.
    NotUtf8 = "not-utf8",
    /// Answers 200 with an empty body.
    EmptyBody = "empty-body",
    /// Sends JSON that is no JSON-RPC.
    WrongShape = "wrong-shape",
    /// Sends a result whose members have the wrong types.
    WrongTypes = "wrong-types",
    /// Sends a result nested a hundred thousand levels deep.
    DeepJson = "deep-json",
    /// Sends a good answer as text/plain.
    WrongContentType = "wrong-content-type",
    /// Answers another id than was asked.
    WrongId = "wrong-id",
    /// Sends a good answer compressed in a way that nobody asked for.
    Compressed = "compressed",
    /// Ends the event stream before the answer.
    CutStream = "cut-stream",
    /// Sends events for ever, and never the answer.
    EndlessStream = "endless-stream",
    /// Sends one line of an event that never ends.
    EndlessLine = "endless-line",
    /// Redirects to itself.
    RedirectLoop = "redirect-loop",
    /// Redirects to another origin; see [`super::Hostile::elsewhere`].
    RedirectElsewhere = "redirect-elsewhere",
    /// Redirects with 301, which turns a POST into a GET in many clients.
    RedirectMoved = "redirect-moved",
    /// Answers well, then closes the connection without having said so.
    CloseAfter = "close-after",
    /// Lists pages of tools without end, each with another cursor.
    EndlessPages = "endless-pages",
    /// Lists the same page for ever.
    SamePage = "same-page",
    /// Wants another round of input, for ever.
    EndlessRounds = "endless-rounds",
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|mode| mode.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|mode| mode.name()).collect();
            format!("no mode {text}; there are {}", names.join(", "))
        })
    }
}

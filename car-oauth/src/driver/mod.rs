//! The flow with sockets, a clock and a vault: signs in, keeps tokens fresh, answers challenges.
//!
//! ```text
//!            prove(url)                refused(401 | 403)                 sign_in, begin/complete
//!                │                            │                                     │
//!                ▼                            ▼                                     ▼
//!   Authorizer ─ current token ◀── renew ◀── discover ── moved? more scopes? ──▶ authorize ─▶ UserAgent
//!                                   │                                               │
//!                 one at a time in this process (a lock), one among all             ▼
//!                 processes (the vault's lock), stored before it is used  ◀───── tokens
//! ```
//!
//! Whatever a server names is asked through `web.rs`: https, no private addresses, no redirects on requests
//! that carry secrets, bodies with a cap.

// What it is made with.
mod agent;
mod ambient;
mod builder;
mod settings;
mod vault;

// What is kept, and how.
mod grant;
mod kept;
mod record;

// Asking servers.
mod discover;
mod register;
mod tokens;
mod web;

// Keeping tokens fresh.
mod authorizer;
mod backoff;
mod challenge;
mod fingerprint;
mod renew;

// Signing in and out.
mod device;
mod keep;
mod plan;
mod sign_in;
mod sign_out;
mod unattended;

// The browser's way back.
mod callback;
mod loopback;
mod page;

pub use agent::{DeviceDisplay, Invitation, UserAgent, Visit};
pub use ambient::{Ambient, SystemAmbient};
pub use authorizer::{Account, Authorizer, Proof, Refusal};
pub use builder::AuthorizerBuilder;
pub use fingerprint::Fingerprint;
pub use loopback::{CallbackAddress, LoopbackAgent, Opener};
pub use renew::Renewer;
pub use settings::{AssertionSource, Dpop, Method, Settings};
pub use sign_in::{Incomplete, PendingSignIn, SignedIn};
pub use sign_out::SignedOut;
pub use vault::{MemoryVault, Vault};

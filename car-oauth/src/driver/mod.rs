//! The flow with sockets, a clock and a vault: signs in, keeps tokens fresh, answers challenges.
//!
//! ```text
//!            prove(url)                challenged(401 | 403)                 sign_in, begin/complete
//!                │                            │                                     │
//!                ▼                            ▼                                     ▼
//!   Authorizer ─ current token ◀── renew ◀── discover ── moved? more scopes? ──▶ authorize ─▶ UserAgent
//!                                   │                                               │
//!                 one at a time in this process (a lock), one among all             ▼
//!                 processes (the vault's lock), stored before it is used  ◀───── tokens
//! ```
//!
//! Whatever a server names is asked through [`web`](self::web): https, no private addresses, no redirects on requests
//! that carry secrets, bodies with a cap.

mod agent;
mod ambient;
mod authorizer;
mod challenge;
mod device;
mod discover;
mod kept;
mod loopback;
mod page;
mod record;
mod register;
mod renew;
mod settings;
mod sign_in;
mod sign_out;
mod tokens;
mod unattended;
mod vault;
mod web;

pub use agent::{DeviceDisplay, Invitation, UserAgent, Visit};
pub use ambient::{Ambient, SystemAmbient};
pub use authorizer::{Account, Authorizer, AuthorizerBuilder, Proof, Refusal};
pub use loopback::{CallbackAddress, LoopbackAgent, Opener};
pub use renew::{Fingerprint, Renewer};
pub use settings::{AssertionSource, Dpop, Method, Settings};
pub use sign_in::{Incomplete, PendingSignIn, SignedIn};
pub use sign_out::SignedOut;
pub use vault::{MemoryVault, Vault};

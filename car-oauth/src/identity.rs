//! Who signed in (OpenID Connect Core §2, §5.3).

//! Keys as text (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::invalid;
use crate::Error;
use crate::keys::document::Document;
use crate::secret::Secret;

/// The longest text that is read: an RSA key of the greatest size has some 6 KiB, and certificates may stand beside it.
const MAX_PEM: usize = 64 * 1024;

/// How many characters stand on a line (RFC 7468 §2).
const LINE: usize = 64;

/// Reads the first private key of a text.
pub(super) fn read(text: &str) -> Result<Document, Error> {
    if text.len() > MAX_PEM {
        return Err(invalid(format!("expected PEM of at most {MAX_PEM} bytes, found {}", text.len())));
    }
    let Some((label, body)) = private_key(text) else {
        return Err(invalid("expected PEM with a PRIVATE KEY, found none"));
    };
    // A header of RFC 1421 stands only before a key that is encrypted.
    if label == "ENCRYPTED PRIVATE KEY" || body.contains(':') {
        return Err(invalid("it is encrypted; `openssl pkey -in KEY -out NEW` writes it without a password"));
    }
    let digits: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|sign| !sign.is_whitespace()).collect());
    let bytes = STANDARD.decode(digits.as_bytes()).map_err(|_| invalid("its PEM is damaged"))?;
    let bytes = Zeroizing::new(bytes);
    match label {
        "PRIVATE KEY" => Ok(Document::new(bytes.to_vec())),
        "RSA PRIVATE KEY" => Ok(Document::from_rsa(&bytes)),
        "EC PRIVATE KEY" => Document::from_elliptic(&bytes).ok_or_else(|| {
            invalid("expected a key on the curve P-256 or P-384, found another, or none named")
        }),
        "OPENSSH PRIVATE KEY" => {
            Err(invalid("it is in the form of OpenSSH; `ssh-keygen -p -m PKCS8 -f KEY` converts it in place"))
        }
        _ => Err(invalid(
            "its form is not known; `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW` converts it",
        )),
    }
}

/// Returns label and body of the first block with a private key; parameters and certificates may stand before it.
fn private_key(text: &str) -> Option<(&str, &str)> {
    text.split("-----BEGIN ").skip(1).find_map(|block| {
        let (label, rest) = block.split_once("-----")?;
        let (body, end) = rest.split_once("-----END ")?;
        (label.ends_with("PRIVATE KEY") && end.starts_with(label)).then_some((label, body))
    })
}

/// Writes a key.
pub(super) fn write(document: &Document) -> Secret {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----\n";
    const END: &str = "-----END PRIVATE KEY-----\n";
    let digits = Zeroizing::new(STANDARD.encode(document.bytes()));
    let mut text = String::with_capacity(BEGIN.len() + digits.len() + digits.len() / LINE + 1 + END.len());
    text.push_str(BEGIN);
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, later) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = later;
    }
    text.push_str(END);
    Secret::new(text)
}

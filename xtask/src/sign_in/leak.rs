//! Looks through a folder for secrets.

use std::path::Path;

use crate::shell::Failure;

/// Returns the files below a folder that hold one of the secrets, by their path in it, sorted.
pub(super) fn holders(folder: &Path, secrets: &[String]) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path())?;
            let text = String::from_utf8_lossy(&bytes);
            if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                let path = entry.path();
                found.push(path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::holders;

    #[test]
    fn finds_a_secret_in_a_folder_below() {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mark = ["finds_a_secret", "_in_a_folder_below"].concat();
        assert_eq!(holders(&source, &[mark]).unwrap(), ["sign_in/leak.rs"]);
        assert_eq!(holders(&source, &["no".repeat(40)]).unwrap(), Vec::<String>::new());
    }
}

//! A project's file: where it is looked for, what is refused, and what of it is trusted.

use std::fs;
use std::path::{Path, PathBuf};

use car_connectors_store::{
    Connector, Home, ManifestStore, ProjectFile, ProjectOrigin, StoreError, TrustStore,
};
use tempfile::TempDir;

use crate::home;

const DOCS: &str = "[[connector]]\nname = \"Docs\"\nurl = \"https://docs.example.com/mcp\"\n";

/// A repository in a temporary folder, with a folder in it, and a state folder beside it.
struct Place {
    folder: TempDir,
    home: Home,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::resolve(Some(&folder.path().join("state")), |_| None).unwrap();
        let place = Self { folder, home };
        fs::create_dir_all(place.path("repo/.git")).unwrap();
        fs::create_dir_all(place.path("repo/a/b")).unwrap();
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(path)
    }

    fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), content).unwrap();
    }

    fn load(&self, start: &str) -> Result<Option<ProjectFile>, StoreError> {
        ProjectFile::load(&self.path(start), &self.home)
    }

    fn found(&self, start: &str) -> Option<PathBuf> {
        self.load(start).unwrap().map(|file| file.path)
    }
}

#[test]
fn finds_the_nearest_file_up_to_the_root_of_the_repository() {
    let place = Place::new();
    assert_eq!(place.found("repo/a/b"), None);
    place.put("repo/.car/connectors.toml", DOCS);
    assert_eq!(place.found("repo/a/b"), Some(place.path("repo/.car/connectors.toml")));
    assert_eq!(place.found("repo"), Some(place.path("repo/.car/connectors.toml")));
    place.put("repo/a/.car/connectors.toml", DOCS);
    let file = place.load("repo/a/b").unwrap().unwrap();
    assert_eq!(file.path, place.path("repo/a/.car/connectors.toml"));
    assert_eq!(file.folder, place.path("repo/a"));
    assert_eq!((file.entries[0].name.as_str(), file.entries[0].line), ("Docs", 1));
    assert_eq!(file.entries[0].connector.as_ref().unwrap().url, "https://docs.example.com/mcp");
}

#[test]
fn never_looks_above_the_root_of_the_repository() {
    let place = Place::new();
    place.put(".car/connectors.toml", DOCS);
    assert_eq!(place.found("repo/a/b"), None);
    // A linked worktree and a submodule have a file where a repository has a folder.
    place.put("tree/.git", "gitdir: elsewhere");
    fs::create_dir_all(place.path("tree/sub")).unwrap();
    assert_eq!(place.found("tree/sub"), None);
    place.put("tree/.car/connectors.toml", DOCS);
    assert_eq!(place.found("tree/sub"), Some(place.path("tree/.car/connectors.toml")));
}

#[test]
fn looks_at_the_folder_itself_only_outside_a_repository() {
    let place = Place::new();
    place.put("plain/.car/connectors.toml", DOCS);
    fs::create_dir_all(place.path("plain/sub")).unwrap();
    assert!(place.found("plain").is_some());
    assert_eq!(place.found("plain/sub"), None);
}

#[test]
fn takes_the_state_folder_for_no_project() {
    let mut place = Place::new();
    place.put("repo/.car/connectors.toml", DOCS);
    place.home = Home::resolve(Some(&place.path("repo/.car")), |_| None).unwrap();
    assert_eq!(place.found("repo/a"), None);
}

#[cfg(unix)]
#[test]
fn refuses_a_link_out_of_the_repository_and_follows_one_inside_it() {
    use std::os::unix::fs::symlink;

    let place = Place::new();
    place.put("outside.toml", DOCS);
    fs::create_dir_all(place.path("repo/.car")).unwrap();
    symlink(place.path("outside.toml"), place.path("repo/.car/connectors.toml")).unwrap();
    let error = place.load("repo/a").unwrap_err();
    assert!(
        matches!(&error, StoreError::OutsideProject { target, .. } if *target == place.path("outside.toml"))
    );
    assert!(error.to_string().contains("leads out of the project, to "), "{error}");

    fs::remove_file(place.path("repo/.car/connectors.toml")).unwrap();
    symlink(place.path("repo/gone"), place.path("repo/.car/connectors.toml")).unwrap();
    assert!(matches!(place.load("repo"), Err(StoreError::Io { .. })), "a broken link is told of");

    fs::remove_dir_all(place.path("repo/.car")).unwrap();
    place.put("elsewhere/connectors.toml", DOCS);
    symlink(place.path("elsewhere"), place.path("repo/.car")).unwrap();
    assert!(matches!(place.load("repo"), Err(StoreError::OutsideProject { .. })), "a folder is no better");

    fs::remove_file(place.path("repo/.car")).unwrap();
    place.put("repo/shared/team.toml", DOCS);
    fs::create_dir_all(place.path("repo/.car")).unwrap();
    symlink(place.path("repo/shared/team.toml"), place.path("repo/.car/connectors.toml")).unwrap();
    assert_eq!(place.found("repo"), Some(place.path("repo/shared/team.toml")));
}

#[test]
fn refuses_what_is_too_large_or_no_text_or_no_file() {
    let place = Place::new();
    place.put("repo/.car/connectors.toml", "#".repeat(10 * 1024 * 1024));
    let error = place.load("repo").unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: 1_048_576, .. }), "{error}");
    place.put("repo/.car/connectors.toml", b"# one\n# \xff");
    let error = place.load("repo").unwrap_err();
    assert!(error.to_string().ends_with("line 2, column 3: expected UTF-8, found other bytes"), "{error}");
    place.put("repo/.car/connectors.toml", "[[connector]]\nname = \"x\n");
    let error = place.load("repo").unwrap_err();
    assert!(matches!(error, StoreError::Malformed { line: 2, .. }), "{error}");
    fs::remove_file(place.path("repo/.car/connectors.toml")).unwrap();
    fs::create_dir(place.path("repo/.car/connectors.toml")).unwrap();
    assert!(matches!(place.load("repo"), Err(StoreError::NotAFile { .. })));
}

#[test]
fn trusts_exactly_the_content_that_was_agreed_to() {
    let place = Place::new();
    place.put("repo/.car/connectors.toml", DOCS);
    let store = TrustStore::new(&place.home);
    let file = place.load("repo").unwrap().unwrap();
    assert_eq!(store.get(&file.path).unwrap(), None);
    store.trust(&file).unwrap();
    let trusted = store.get(&file.path).unwrap().unwrap();
    assert!(trusted.is_of(&file));
    assert_eq!(trusted.text.as_deref(), Some(DOCS));

    place.put("repo/.car/connectors.toml", format!("{DOCS}\n"));
    let changed = place.load("repo").unwrap().unwrap();
    assert!(
        !store.get(&changed.path).unwrap().unwrap().is_of(&changed),
        "one more line end is another content"
    );
    store.trust(&changed).unwrap();
    assert!(store.get(&changed.path).unwrap().unwrap().is_of(&changed));
    assert!(
        !store.get(&changed.path).unwrap().unwrap().is_of(&file),
        "and the one before is trusted no more"
    );

    place.put("other/.git", "");
    place.put("other/.car/connectors.toml", format!("{DOCS}\n"));
    let other = place.load("other").unwrap().unwrap();
    assert_eq!(other.sha256, changed.sha256);
    assert_eq!(store.get(&other.path).unwrap(), None, "the same content elsewhere was not agreed to");
}

#[test]
fn remembers_what_was_removed_until_the_file_is_trusted_anew() {
    let place = Place::new();
    place.put("repo/.car/connectors.toml", DOCS);
    let store = TrustStore::new(&place.home);
    let file = place.load("repo").unwrap().unwrap();
    store.trust(&file).unwrap();
    store.remove(&file.path, "docs").unwrap();
    store.remove(&file.path, "docs").unwrap();
    assert_eq!(store.get(&file.path).unwrap().unwrap().removed, ["docs"]);
    store.trust(&file).unwrap();
    assert!(store.get(&file.path).unwrap().unwrap().removed.is_empty());
}

#[test]
fn keeps_the_record_of_trust_for_the_owner_only_and_never_overwrites_a_broken_one() {
    let place = Place::new();
    place.put("repo/.car/connectors.toml", DOCS);
    let store = TrustStore::new(&place.home);
    let file = place.load("repo").unwrap().unwrap();
    store.trust(&file).unwrap();
    let path = place.home.trust_path();
    assert!(!path.starts_with(place.path("repo")));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for broken in ["{\"version\": 1,\n \"projects\": oops}", "{\"version\": 2}"] {
        fs::write(&path, broken).unwrap();
        assert!(store.get(&file.path).is_err() && store.trust(&file).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
}

#[test]
fn an_entry_survives_the_manifest_as_the_project_wrote_it() {
    let (_folder, home) = home();
    let mut connector = Connector::remote("docs", "Docs", "${BASE}/mcp");
    let mut project = ProjectOrigin::new("/p/.car/connectors.toml", "/p");
    project.headers.insert("Authorization".to_owned(), "Bearer ${T}".to_owned());
    project.tool_timeout_sec = Some(1.5);
    connector.project = Some(project);
    let store = ManifestStore::new(&home);
    store.update(|manifest| manifest.add(connector.clone())).unwrap();
    let read = store.read().unwrap();
    assert_eq!(read.connectors()[0].project.as_ref().unwrap().headers["Authorization"], "Bearer ${T}");
    assert_eq!(read.connectors()[0].url, "${BASE}/mcp");
    let lookup = |name: &str| (name != "GONE").then(|| "https://x.example".to_owned());
    let used = read.connectors()[0].expanded(&lookup, &|path: &Path| path.is_dir()).unwrap();
    assert_eq!(used.url, "https://x.example/mcp");
    assert_eq!(used.project.unwrap().headers["Authorization"], "Bearer ${T}", "secrets stay variables");
}

fn docs_page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

#[test]
fn the_schema_that_is_published_is_the_one_of_this_release() {
    let published: serde_json::Value =
        serde_json::from_str(&docs_page("reference/connectors.schema.json")).unwrap();
    let command =
        "cargo run -p car-connectors-store --example project_schema > docs/reference/connectors.schema.json";
    assert_eq!(published, car_connectors_store::project_schema(), "make it anew with `{command}`");
}

#[test]
fn every_field_is_documented() {
    let schema = car_connectors_store::project_schema();
    let fields = schema["properties"]["connector"]["items"]["properties"].as_object().unwrap();
    let page = docs_page("configuration.md");
    for field in fields.keys() {
        assert!(page.contains(&format!("`{field}`")), "docs/configuration.md says nothing of {field}");
    }
}

#[test]
fn every_file_of_the_state_folder_and_every_member_of_the_manifest_is_documented() {
    let page = docs_page("configuration.md");
    let home = Home::resolve(Some(Path::new("/state")), |_| None).unwrap();
    for path in [
        home.manifest_path(),
        home.secrets_path(),
        home.policy_path(),
        home.quirks_path(),
        home.trust_path(),
        home.sources_path(),
        home.known_services_path(),
        home.access_path(),
        home.grants_path(),
        home.pins_path(),
        home.cache_path(),
        home.events_path(),
        home.logs_path(),
        home.run_path(),
    ] {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("`{name}`")), "docs/configuration.md says nothing of {name}");
    }
    for member in [
        "slug",
        "name",
        "url",
        "stdio",
        "secret_headers",
        "oauth",
        "enabled_tools",
        "shares_prompts",
        "origin",
    ] {
        assert!(page.contains(&format!("`{member}`")), "docs/configuration.md says nothing of {member}");
    }
}

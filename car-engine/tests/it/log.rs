//! The event log on disk.

use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex},
};

use car_engine::{
    EngineError, EventFilter, EventKind, EventLog, EventLogOptions, EventPosition, EventRecord,
};
use tempfile::TempDir;

use crate::support::StillClock;

fn log_with(folder: &Path, change: impl FnOnce(&mut EventLogOptions)) -> EventLog {
    let mut options = EventLogOptions::default();
    change(&mut options);
    EventLog::new(folder.join("events"), options, Arc::<StillClock>::default())
}

fn record(tool: usize) -> EventRecord {
    let mut record = EventRecord::new(EventKind::Decision);
    record.connector = Some("docs".to_owned());
    record.tool = Some(format!("t{tool}"));
    record
}

fn filled(records: usize) -> (TempDir, EventLog) {
    let folder = tempfile::tempdir().unwrap();
    let log = log_with(folder.path(), |_| {});
    for number in 0..records {
        log.append(record(number)).unwrap();
    }
    (folder, log)
}

fn file(log: &EventLog, number: usize) -> std::path::PathBuf {
    log.path().join(format!("events-{number:06}.jsonl"))
}

#[test]
fn an_empty_log_is_in_order_and_reading_it_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_with(folder.path(), |_| {});
    assert_eq!(log.verify().unwrap().records, 0);
    assert!(log.tail(&EventFilter::last(5)).unwrap().records.is_empty());
    assert!(!log.path().exists());
}

#[test]
fn every_changed_byte_is_found_and_its_record_named() {
    let (_folder, log) = filled(5);
    assert!(log.verify().unwrap().problem.is_none());
    let path = file(&log, 1);
    let content = fs::read(&path).unwrap();
    let third: Vec<usize> =
        content.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    for at in third[1] + 1..third[2] {
        let mut changed = content.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let problem = log.verify().unwrap().problem.unwrap_or_else(|| panic!("byte {at} went unseen"));
        // A changed `hash` is seen in its own line, a changed number by what it should be.
        assert_eq!(problem.line, 3, "{problem}");
        assert_eq!(problem.path, path);
    }
    let changed = String::from_utf8(content).unwrap().replacen("\"t2\"", "\"t9\"", 1);
    fs::write(&path, changed).unwrap();
    let problem = log.verify().unwrap().problem.unwrap();
    assert_eq!((problem.seq, problem.line), (3, 3));
    assert!(problem.to_string().ends_with(":3: record 3: its content does not fit its hash: it was changed"));
}

#[test]
fn removed_repeated_and_exchanged_records_are_found() {
    let (_folder, log) = filled(4);
    let content = fs::read_to_string(file(&log, 1)).unwrap();
    let lines: Vec<&str> = content.lines().collect();
    for order in [&[0, 2, 3][..], &[1, 2, 3], &[0, 1, 1, 2, 3], &[0, 2, 1, 3]] {
        let text: String = order.iter().map(|line| format!("{}\n", lines[*line])).collect();
        fs::write(file(&log, 1), text).unwrap();
        assert!(log.verify().unwrap().problem.is_some(), "{order:?}");
    }
}

#[test]
fn the_chain_goes_on_in_the_next_file_and_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let log = log_with(folder.path(), |options| options.file_bytes = 1_000);
        for number in 0..4 {
            log.append(record(number)).unwrap();
        }
    }
    let found = log_with(folder.path(), |_| {}).verify().unwrap();
    assert_eq!((found.records, found.last_seq, found.problem), (12, 12, None));
    assert!(found.files > 1);
}

#[test]
fn removed_files_leave_a_log_that_can_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_with(folder.path(), |options| {
        options.file_bytes = 1_000;
        options.files_kept = Some(2);
    });
    for number in 0..40 {
        log.append(record(number)).unwrap();
    }
    let found = log.verify().unwrap();
    assert_eq!((found.files, found.problem), (2, None));
    assert!(found.records < 40 && found.notes.last().unwrap().contains("older files were removed"));
    // The same without the checkpoint's word: somebody else removed a file.
    let oldest = fs::read_dir(log.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .min()
        .unwrap();
    fs::remove_file(oldest).unwrap();
    assert!(log.verify().unwrap().problem.is_some());
}

#[test]
fn one_kept_file_is_its_own_anchor() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_with(folder.path(), |options| {
        options.file_bytes = 1_000;
        options.files_kept = Some(1);
    });
    for number in 0..20 {
        log.append(record(number)).unwrap();
        assert_eq!(log.verify().unwrap().problem, None);
    }
}

#[test]
fn a_torn_end_is_set_aside_reported_and_not_fatal() {
    let (folder, log) = filled(2);
    let path = file(&log, 1);
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"seq\":3,\"ti").unwrap();
    assert!(log.verify().unwrap().problem.unwrap().reason.starts_with("it is torn"));
    assert_eq!(log.tail(&EventFilter::last(9)).unwrap().records.len(), 2);
    for again in [log, log_with(folder.path(), |_| {})] {
        again.append(record(7)).unwrap();
        let found = again.verify().unwrap();
        assert_eq!(found.problem, None);
        assert_eq!(
            found.notes,
            ["record 3: 12 bytes of a torn record were set aside in torn-000001-".to_owned() + &torn(&again)]
        );
    }
}

/// Returns the end of the name of the file that holds the torn bytes.
fn torn(log: &EventLog) -> String {
    let names =
        fs::read_dir(log.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.into_iter().find(|name| name.starts_with("torn-")).unwrap();
    assert_eq!(fs::read(log.path().join(&name)).unwrap(), b"{\"seq\":3,\"ti");
    name.strip_prefix("torn-000001-").unwrap().to_owned()
}

#[test]
fn a_damaged_end_stops_the_log_rather_than_the_chain() {
    let (folder, log) = filled(2);
    let path = file(&log, 1);
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"not a record\n").unwrap();
    let before = fs::read(&path).unwrap();
    for log in [log, log_with(folder.path(), |_| {})] {
        let error = log.append(record(3)).unwrap_err();
        assert!(matches!(&error, EngineError::DamagedLog { path: named, .. } if *named == path), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn finds_records_by_tool_connector_time_and_number() {
    let (_folder, log) = filled(10);
    let tools = |filter: &EventFilter| -> Vec<String> {
        log.tail(filter).unwrap().records.into_iter().filter_map(|record| record.tool).collect()
    };
    assert_eq!(tools(&EventFilter::last(2)), ["t8", "t9"]);
    assert_eq!(tools(&EventFilter::default().with_tool("t3")), ["t3"]);
    assert_eq!(tools(&EventFilter::default().with_connector("docs")).len(), 10);
    assert!(tools(&EventFilter::default().with_connector("mail")).is_empty());
    assert_eq!(tools(&EventFilter::default().with_since("2026-07-28")).len(), 10);
    assert!(tools(&EventFilter::default().with_since("2026-07-29")).is_empty());
}

#[test]
fn follows_from_a_position_over_files() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_with(folder.path(), |options| options.file_bytes = 1_000);
    let mut position: EventPosition = log.tail(&EventFilter::last(0)).unwrap().next;
    let mut seen = Vec::new();
    for number in 0..20 {
        log.append(record(number)).unwrap();
        if number % 3 == 0 {
            let page = log.follow(position, &EventFilter::default()).unwrap();
            seen.extend(page.records.into_iter().map(|record| record.seq));
            position = page.next.to_string().parse().unwrap();
        }
    }
    loop {
        let page = log.follow(position, &EventFilter::last(1)).unwrap();
        if page.records.is_empty() {
            break;
        }
        seen.extend(page.records.into_iter().map(|record| record.seq));
        position = page.next;
    }
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
    assert!("elsewhere".parse::<EventPosition>().is_err());
}

#[test]
fn a_text_from_outside_cannot_fill_the_log() {
    let (_folder, log) = filled(0);
    let mut record = record(1);
    record.trace_id = Some("x\n".repeat(1_000_000));
    log.append(record).unwrap();
    assert!(fs::metadata(file(&log, 1)).unwrap().len() < 4_096);
    assert!(log.verify().unwrap().problem.is_none());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, log) = filled(1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(log.path()), mode(&file(&log, 1))), (0o700, 0o600));
}

#[test]
fn finds_records_by_who_by_how_they_ended_and_by_words() {
    let (_folder, log) = filled(3);
    let mut call = EventRecord::new(EventKind::Call);
    (call.who, call.outcome) = (Some("token:ci".to_owned()), Some("ok".to_owned()));
    (call.method, call.note) = (Some("prompts/get".to_owned()), Some("Über".to_owned()));
    call.connector = Some("mail".to_owned());
    log.append(call).unwrap();
    let mut denied = EventRecord::new(EventKind::Decision);
    (denied.who, denied.verdict) = (Some("owner".to_owned()), Some("deny".to_owned()));
    denied.arguments = Some(serde_json::value::to_raw_value(&["needle"]).unwrap());
    log.append(denied).unwrap();
    let every = EventFilter::default;
    for (filter, expected) in [
        (every().with_who("token:ci"), &[4][..]),
        (every().with_who("token"), &[]),
        (every().with_outcome("ok"), &[4]),
        (every().with_outcome("deny"), &[5]),
        (every().with_text("ÜBER"), &[4]),
        (every().with_text("Prompts"), &[4]),
        (every().with_text("eedl"), &[5]),
        (every().with_text(""), &[1, 2, 3, 4, 5]),
        (every().with_text("prev"), &[]),
        (every().with_before(3), &[1, 2]),
        (EventFilter::last(1).with_before(3), &[2]),
        (every().with_who("owner").with_outcome("ok"), &[]),
        (every().with_only_connectors(["mail".to_owned(), "none".to_owned()]), &[4]),
        (every().with_only_connectors([]), &[]),
    ] {
        let found: Vec<u64> = log.tail(&filter).unwrap().records.iter().map(|record| record.seq).collect();
        assert_eq!(found, expected, "{filter:?}");
        let on = log.follow(EventPosition::default(), &filter).unwrap();
        let count = if filter.limit == Some(1) { 1 } else { expected.len() };
        assert_eq!(on.records.len(), count, "{filter:?}");
    }
}

#[test]
fn whoever_watches_is_told_of_every_record_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let log = log_with(folder.path(), |options| {
        options.file_bytes = 600;
        options.files_kept = Some(1);
    })
    .with_observer(Arc::new(move |record| seen.lock().unwrap().push((record.seq, record.kind))));
    log.append(record(0)).unwrap();
    fs::OpenOptions::new().append(true).open(file(&log, 1)).unwrap().write_all(b"torn").unwrap();
    for number in 1..6 {
        log.append(record(number)).unwrap();
    }
    let told = told.lock().unwrap();
    let numbers: Vec<u64> = told.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let kinds: Vec<EventKind> = told.iter().map(|(_, kind)| *kind).collect();
    assert!(kinds.contains(&EventKind::Note) && kinds.contains(&EventKind::Checkpoint), "{kinds:?}");
}

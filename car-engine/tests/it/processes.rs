//! Two processes that append at once: this test binary starts itself.

use std::{
    env,
    path::PathBuf,
    process::{Child, Command},
    sync::Arc,
};

use car_engine::{EventKind, EventLog, EventLogOptions, EventRecord, SystemClock};

/// Tells the second half of the test which folder to use.
const FOLDER: &str = "CAR_ENGINE_TEST_FOLDER";

/// What one thread of one process appends.
const EACH: usize = 200;

fn log(folder: PathBuf) -> EventLog {
    let mut options = EventLogOptions::default();
    // Small enough that both processes rotate again and again.
    options.file_bytes = 8 * 1024;
    EventLog::new(folder, options, Arc::new(SystemClock::new()))
}

#[test]
fn processes_and_threads_that_append_at_once_keep_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let start = || -> Child {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "processes::worker_appends", "--include-ignored"])
            .env(FOLDER, folder.path())
            .spawn()
            .unwrap()
    };
    for mut child in [start(), start()] {
        assert!(child.wait().unwrap().success());
    }
    let found = log(folder.path().to_owned()).verify().unwrap();
    assert_eq!((found.records, found.problem), (4 * EACH as u64, None));
    assert!(found.files > 10);
}

#[test]
#[ignore = "the other half of processes_and_threads_that_append_at_once_keep_one_chain"]
fn worker_appends() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let log = log(folder.into());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..EACH {
                    log.append(EventRecord::new(EventKind::Call)).unwrap();
                }
            });
        }
    });
}

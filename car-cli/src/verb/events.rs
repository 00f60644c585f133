//! `car events`: the log of decisions and calls, and whether it is whole.

use std::time::Duration;

use car_connectors::ConnectorManager;
use car_connectors::engine::{EventFilter, EventPosition, EventRecord};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// How often the log is looked at for more.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// Show what was decided and called
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Events {
    #[command(subcommand)]
    what: Option<What>,
    /// Go on showing new records; with --json, one document a line
    #[arg(long, short)]
    follow: bool,
    /// Show the last N records
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Only records about this tool
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Only records about this connector
    #[arg(long, value_name = "SLUG")]
    connector: Option<String>,
    /// Only records about what this caller asked for: `car`, `owner`, `page`, `token:NAME`
    #[arg(long, value_name = "CALLER")]
    who: Option<String>,
    /// Only records with this verdict or outcome, such as deny, ask, ok, cancelled
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Only records that contain this text, whatever the case of its letters
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Check that no record was changed, removed or put in
    Verify,
}

impl Events {
    /// Returns whether it goes on until it is stopped.
    pub(crate) const fn is_endless(&self) -> bool {
        self.follow
    }

    /// Returns whether some records are left out.
    const fn is_picky(&self) -> bool {
        self.tool.is_some()
            || self.connector.is_some()
            || self.who.is_some()
            || self.outcome.is_some()
            || self.text.is_some()
    }

    fn filter(&self) -> EventFilter {
        let mut filter = EventFilter::last(self.limit);
        filter.tool.clone_from(&self.tool);
        filter.connector.clone_from(&self.connector);
        filter.who.clone_from(&self.who);
        filter.outcome.clone_from(&self.outcome);
        filter.text.clone_from(&self.text);
        filter
    }
}

/// Shows the log, or checks it.
pub(crate) async fn run(context: &Context, arguments: Events) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    match arguments.what {
        Some(What::Verify) => verify(context, &manager),
        None if arguments.follow => follow(context, &manager, &arguments).await,
        None => show(context, &manager, &arguments),
    }
}

fn show(context: &Context, manager: &ConnectorManager, arguments: &Events) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        events: Vec<Whole<'a>>,
        next: String,
        unreadable: usize,
    }
    let page = manager.event_log().tail(&arguments.filter())?;
    let answer = Answer {
        events: page.records.iter().map(Whole::from).collect(),
        next: page.next.to_string(),
        unreadable: page.unreadable,
    };
    let screen = &context.screen;
    screen.result(&answer, || {
        if page.records.is_empty() {
            return String::new();
        }
        let mut table = screen.table(["TIME", "WHO", "WHAT", "CONNECTOR", "TOOL", "OUTCOME", "TOOK", "RULE"]);
        for record in &page.records {
            let cells = cells(record);
            table.row(cells.each_ref().map(String::as_str));
        }
        table.text()
    });
    if page.records.is_empty() {
        screen.note(match arguments.is_picky() {
            true => "no such records",
            false => "no records yet: nothing was called",
        });
    }
    if page.unreadable > 0 {
        screen.warning(&format!("{} lines cannot be read; next: `car events verify`", page.unreadable));
    }
    Ok(Exit::Done)
}

/// Shows records as they come, until Ctrl-C.
async fn follow(context: &Context, manager: &ConnectorManager, arguments: &Events) -> Result<Exit, Failure> {
    let mut filter = arguments.filter();
    let page = manager.event_log().tail(&filter)?;
    let mut position: EventPosition = page.next;
    let mut records = page.records;
    filter.limit = None;
    loop {
        for record in &records {
            match context.screen.is_json() {
                true => context.screen.document(&Whole::from(record)),
                false => context.screen.text(cells(record).join("  ").trim_end()),
            }
        }
        if context.screen.is_closed() {
            return Ok(Exit::Done);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        let page = manager.event_log().follow(position, &filter)?;
        position = page.next;
        records = page.records;
    }
}

/// A record with its hash, which the log itself writes apart.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    record: &'a EventRecord,
    hash: &'a str,
}

impl<'a> From<&'a EventRecord> for Whole<'a> {
    fn from(record: &'a EventRecord) -> Self {
        Self { record, hash: &record.hash }
    }
}

fn cells(record: &EventRecord) -> [String; 8] {
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    let kind = serde_json::to_value(record.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let rule = [text(&record.rule), text(&record.rule_location)].join(" ").trim().to_owned();
    [
        record.time.clone(),
        text(&record.who),
        kind.unwrap_or_default(),
        text(&record.connector),
        record.tool.clone().or_else(|| record.canonical.clone()).unwrap_or_default(),
        record.verdict.clone().or_else(|| record.outcome.clone()).unwrap_or_default(),
        record.duration_ms.map(|took| format!("{took} ms")).unwrap_or_default(),
        if rule.is_empty() { text(&record.note) } else { rule },
    ]
}

fn verify(context: &Context, manager: &ConnectorManager) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Problem {
        path: String,
        line: u64,
        seq: u64,
        reason: String,
    }
    #[derive(Serialize)]
    struct Answer {
        intact: bool,
        files: usize,
        records: u64,
        last_seq: u64,
        last_hash: String,
        notes: Vec<String>,
        problem: Option<Problem>,
    }
    let found = manager.event_log().verify()?;
    let problem = found.problem.as_ref().map(|problem| Problem {
        path: problem.path.display().to_string(),
        line: problem.line,
        seq: problem.seq,
        reason: problem.reason.clone(),
    });
    let answer = Answer {
        intact: problem.is_none(),
        files: found.files,
        records: found.records,
        last_seq: found.last_seq,
        last_hash: found.last_hash,
        notes: found.notes,
        problem,
    };
    context.screen.result(&answer, || {
        let mut lines = answer.notes.clone();
        match &found.problem {
            Some(problem) => {
                lines.push(format!("NOT INTACT after {} good records: {problem}", answer.records))
            }
            None if answer.records == 0 => lines.push("intact: no records yet".to_owned()),
            None => lines.push(format!(
                "intact: {} records in {} file(s); the last is number {} with hash {}",
                answer.records, answer.files, answer.last_seq, answer.last_hash
            )),
        }
        lines.join("\n")
    });
    Ok(if answer.intact { Exit::Done } else { Exit::Failed })
}

//! Writes the part of `docs/benchmarks.md` about servers.

use std::fmt::Write as _;

use super::Kind;
use super::load::Measured;
use super::run::{LOADS, Results, Rounds};
use crate::table::middle;

/// Where the part about servers begins; what stands before is about clients.
pub(crate) const MARK: &str = "<!-- Servers: written by `cargo xtask bench servers`. -->\n";

/// Returns the part.
pub(super) fn write(results: &Results) -> String {
    let mut page = MARK.to_owned();
    page.push_str(
        "\n# Servers\n\n\
         Each server is a process of its own on one core, with one thread; they take turns under load. The client, on the other core,\n\
         writes prepared bytes over connections that it keeps and looks for the text in the answer. The work is `tools/call` of a tool\n\
         that gives its argument back.\n\n\
         The **floor** is a bare hyper server that reads the body and answers with prepared bytes: what is between it and another server\n\
         is that server's own. rmcp 3.9.0 is served on bare hyper too.\n\n",
    );
    let Results { machine, rounds, seconds, sessions, .. } = results;
    writeln!(page, "{machine}; {rounds} rounds of {seconds} s, medians.\n")
        .expect("a String takes everything");
    for connections in LOADS {
        let Some(rounds) = results.loads.get(&connections) else { continue };
        writeln!(page, "## {connections} in flight\n").expect("a String takes everything");
        load(&mut page, rounds);
    }
    writeln!(
        page,
        "## Resident memory per session, KiB\n\n{sessions} sessions, each after one call. A session without a stream has no connection; one \
         with a stream has one of its own.\nThe floor has no sessions: its figure is that of a bare connection whose answer does not end.\n"
    )
    .expect("a String takes everything");
    page.push_str("| server | session | session with an open stream |\n|---|---|---|\n");
    for (kind, held) in &results.memory {
        let session = held.session.map_or_else(|| "·".to_owned(), |kib| format!("{kib:.1}"));
        writeln!(page, "| {} | {session} | {:.1} |", kind.title(), held.with_stream)
            .expect("a String takes everything");
    }
    page
}

fn load(page: &mut String, rounds: &Rounds) {
    page.push_str(
        "| server | calls per second | of the floor's | processor time, µs | above the floor's, µs | median, µs | 99th, µs |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let floor = rounds.get(&Kind::Floor).map_or(&[][..], Vec::as_slice);
    for (kind, reports) in rounds {
        let of = |of: fn(&Measured) -> f64| middle(reports.iter().map(of).collect());
        // Each is held against the floor of its own round.
        let against = |of: fn(&Measured, &Measured) -> f64| {
            middle(reports.iter().zip(floor).map(|(report, floor)| of(report, floor)).collect())
        };
        writeln!(
            page,
            "| {} | {:.0} | {:.3} | {:.1} | {:.1} | {:.0} | {:.0} |",
            kind.title(),
            of(|report| report.per_second),
            against(|report, floor| report.per_second / floor.per_second),
            of(|report| report.cpu_us),
            against(|report, floor| report.cpu_us - floor.cpu_us),
            of(|report| report.p50_us),
            of(|report| report.p99_us),
        )
        .expect("a String takes everything");
    }
    page.push('\n');
}

//! Writes the part of `docs/benchmarks.md` about gateways.

use std::fmt::Write as _;

use super::Way;
use super::run::{Results, Rounds};
use crate::servers::Measured;
use crate::table::middle;

/// Where the part about gateways begins.
pub(crate) const MARK: &str = "<!-- Gateways: written by `cargo xtask bench gateway`. -->\n";

/// Reads one figure of a report.
type Figure = fn(&Measured) -> f64;

/// Returns the part.
pub(super) fn write(results: &Results) -> String {
    let mut page = MARK.to_owned();
    page.push_str(
        "\n# Gateways\n\n\
         What a gateway adds between a client and a server. Server and gateway are on one core, the client on the other; it writes\n\
         prepared bytes over connections that it keeps. The work is `tools/call` of a tool that gives its argument back. **none** is the same\n\
         client at the same server without a gateway. `car serve` is as it is by default: a token, a policy with five rules, the check of\n\
         arguments, two records of the event log for each call. The other is the proxy of PyPI's `fastmcp` 4.1.2, once as its documentation\n\
         shows it and once tuned: no sessions, answers as JSON, one connection to the server for all calls. It does none of those four.\n\
         **bare hyper** passes requests and answers on and looks at nothing: it is what the second hop costs by itself.\n\n\
         Added is what a call takes longer than without a gateway, in the same round. Processor time is the gateway's own, for each call.\n\n",
    );
    let Results { machine, rounds, seconds, .. } = results;
    writeln!(page, "{machine}; {rounds} rounds of {seconds} s, medians.\n")
        .expect("a String takes everything");
    for (connections, loads) in &results.loads {
        writeln!(page, "## {connections} in flight, through a gateway\n").expect("a String takes everything");
        page.push_str(
            "| server | gateway | calls per second | median, µs | 99th, µs | added median, µs | added 99th, µs | processor time, µs |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for (behind, rounds) in loads {
            rows(&mut page, behind.title(), rounds);
        }
        page.push('\n');
    }
    page
}

fn rows(page: &mut String, server: &str, rounds: &Rounds) {
    let direct = rounds.get(&Way::Direct).map_or(&[][..], Vec::as_slice);
    for (way, reports) in rounds {
        let of = |of: Figure| middle(reports.iter().map(of).collect());
        // Each is held against the round without a gateway that it was measured in.
        let added = |of: Figure| {
            middle(reports.iter().zip(direct).map(|(report, direct)| of(report) - of(direct)).collect())
        };
        let (p50, p99): (Figure, Figure) = (|report| report.p50_us, |report| report.p99_us);
        let (mut added_p50, mut added_p99, mut cpu) =
            (format!("{:.0}", added(p50)), format!("{:.0}", added(p99)), String::from("·"));
        if *way == Way::Direct {
            (added_p50, added_p99) = ("·".to_owned(), "·".to_owned());
        } else {
            cpu = format!("{:.1}", of(|report| report.cpu_us));
        }
        writeln!(
            page,
            "| {server} | {} | {:.0} | {:.0} | {:.0} | {added_p50} | {added_p99} | {cpu} |",
            way.title(),
            of(|report| report.per_second),
            of(p50),
            of(p99),
        )
        .expect("a String takes everything");
    }
}

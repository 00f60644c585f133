//! Writes `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::job::{Report, Work};
use crate::orchestrate::Rounds;
use crate::workload::{self, Workload};
use crate::{Failure, gateways, servers};

/// Returns the page.
pub(crate) fn write(rounds: &Rounds, kinds: &[&str], machine: &str, count: usize, seconds: f64) -> String {
    let mut page = String::from("# Benchmarks\n\n");
    page.push_str(
        "Written by `cargo xtask bench`. One server answers every client: bare hyper with prebuilt answers, on a core of its own.\n\
         Each measurement is a process of its own on the other core; the clients take turns within a round.\n\n\
         The **floor** is a bare hyper client that posts the same bytes and reads the answer without parsing it. A ratio holds a\n\
         client against the floor of the same round. Absolute figures move with the machine, ratios much less.\n\n\
         In the rows that say **stdio** the server is a child process of the client, with the same answers, on the core of the one server. The\n\
         floor writes the same bytes and counts lines. rmcp has nothing to tune there.\n\n",
    );
    writeln!(page, "{machine}; {count} rounds of {seconds} s, medians.\n")
        .expect("a String takes everything");
    page.push_str("## Rate\n\nThe floor's calls per second, and the others' share of it.\n\n");
    section(&mut page, kinds, rounds, |kind, workload, reports, floor| match workload.work {
        Work::Idle => None,
        _ if kind == "floor" => Some(format!("{:.0}/s", median(reports, |report| report.per_second))),
        _ => Some(format!("{:.3}", ratio(reports, floor))),
    });
    page.push_str("\n## Latency, µs\n\nMedian and 99th percentile.\n\n");
    section(&mut page, kinds, rounds, |_, workload, reports, _| {
        let (p50, p99) = (median(reports, |report| report.p50_us), median(reports, |report| report.p99_us));
        (workload.work != Work::Idle).then(|| format!("{p50:.0} / {p99:.0}"))
    });
    page.push_str(
        "\n## Processor time per call, µs\n\nAnd the floor's share of it: 1.00 means as little as the floor. Less noisy than the rate \
         on a machine that does other things too.\n\n",
    );
    section(&mut page, kinds, rounds, |_, workload, reports, floor| {
        let share =
            middle(reports.iter().zip(floor).map(|(report, floor)| floor.cpu_us / report.cpu_us).collect());
        (workload.work != Work::Idle)
            .then(|| format!("{:.1} ({share:.2})", median(reports, |report| report.cpu_us)))
    });
    page.push_str(
        "\n## Resident memory per idle session, KiB\n\nThe sessions of the floor and of tuned rmcp share one HTTP client.\n\n",
    );
    section(&mut page, kinds, rounds, |_, workload, reports, _| {
        (workload.work == Work::Idle).then(|| format!("{:.1}", median(reports, |report| report.session_kib)))
    });
    page
}

/// A table with a row per workload and a column per kind; rows without any cell are left out.
fn section(
    page: &mut String,
    kinds: &[&str],
    rounds: &Rounds,
    cell: impl Fn(&str, &Workload, &[Report], &[Report]) -> Option<String>,
) {
    writeln!(page, "| work | {} |\n|---|{}", kinds.join(" | "), "---|".repeat(kinds.len()))
        .expect("a String takes everything");
    for workload in workload::ALL {
        let Some(of_kinds) = rounds.get(workload.name) else { continue };
        let floor = of_kinds.get("floor").map_or(&[][..], Vec::as_slice);
        let cells: Vec<_> = kinds
            .iter()
            .map(|kind| of_kinds.get(*kind).and_then(|reports| cell(kind, workload, reports, floor)))
            .collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<_> =
                cells.into_iter().map(|cell| cell.unwrap_or_else(|| "·".to_owned())).collect();
            writeln!(page, "| {} | {} |", workload.title, cells.join(" | "))
                .expect("a String takes everything");
        }
    }
}

/// The median of the ratios, each to the floor of its own round.
fn ratio(reports: &[Report], floor: &[Report]) -> f64 {
    middle(reports.iter().zip(floor).map(|(report, floor)| report.per_second / floor.per_second).collect())
}

fn median(reports: &[Report], of: impl Fn(&Report) -> f64) -> f64 {
    middle(reports.iter().map(of).collect())
}

/// Returns the median.
pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Puts a part of the page in place of the one that is there; each part begins with its mark.
pub(crate) fn replace(page: &Path, mark: &str, section: &str) -> Result<(), Failure> {
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let (before, rest) = text.split_once(mark).unwrap_or((&text, ""));
    let next = [servers::MARK, gateways::MARK].iter().filter_map(|mark| rest.find(mark)).min();
    let after = next.map_or("", |at| &rest[at..]);
    let gap = if after.is_empty() { "" } else { "\n" };
    Ok(std::fs::write(page, format!("{}\n\n{}\n{gap}{after}", before.trim_end(), section.trim_end()))?)
}

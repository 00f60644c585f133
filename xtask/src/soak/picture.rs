//! Curves one above the other, as a picture for the documentation: written as SVG, made a PNG by a headless browser.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::place;
use crate::shell::{Failure, exists};

/// The picture's width, and the height of one panel, in pixels.
const WIDTH: f64 = 900.0;
const PANEL: f64 = 170.0;

/// What is left free beside a panel's curve: at the left for numbers, above for its title, at the right and below.
const LEFT: f64 = 70.0;
const ABOVE: f64 = 34.0;
const RIGHT: f64 = 24.0;
const BELOW: f64 = 16.0;

/// What is left free at the foot for the numbers of the common axis.
const FOOT: f64 = 44.0;

/// Browsers that can do it, by the names that systems give them.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// One panel of the picture.
pub(super) struct Curve {
    pub(super) title: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws curves over a common axis into a PNG file.
pub(super) fn draw(curves: &[Curve], axis: &str, file: &Path) -> Result<(), Failure> {
    let height = PANEL * curves.len() as f64 + FOOT;
    let svg = place::target().join("picture.svg");
    std::fs::write(&svg, text(curves, axis, height)?)?;
    let browser = BROWSERS.into_iter().find(|name| exists(name, "--version"));
    let browser =
        browser.ok_or("no Chromium is installed to make the picture with (cargo xtask setup --system)")?;
    let mut command = Command::new(browser);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
    ]);
    command
        .arg(format!("--window-size={WIDTH:.0},{height:.0}"))
        .arg(format!("--screenshot={}", file.display()));
    command.arg(format!("file://{}", svg.display())).stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status()?.success() || !file.exists() {
        return Err("the browser made no picture".into());
    }
    Ok(())
}

fn text(curves: &[Curve], axis: &str, height: f64) -> Result<String, Failure> {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"#333\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let points = || curves.iter().flat_map(|curve| curve.points.iter());
    let end = points().map(|point| point.0).fold(1.0, f64::max);
    let x = |value: f64| LEFT + value / end * (WIDTH - LEFT - RIGHT);
    for (index, curve) in curves.iter().enumerate() {
        panel(&mut svg, curve, PANEL * index as f64, x)?;
    }
    let foot = PANEL * curves.len() as f64;
    for step in 0..=5 {
        let value = end * f64::from(step) / 5.0;
        let at = x(value);
        writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            foot + 6.0,
            round(value)
        )?;
    }
    writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{axis}</text>",
        WIDTH / 2.0,
        foot + 28.0
    )?;
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Draws one curve with its title and its own upright axis, which begins at nought: what is flat has to look flat, and what
/// grows has to look as if it grows.
fn panel(svg: &mut String, curve: &Curve, top: f64, x: impl Fn(f64) -> f64) -> Result<(), Failure> {
    let most = curve.points.iter().map(|point| point.1).fold(1.0, f64::max) * 1.1;
    let (upper, lower) = (top + ABOVE, top + PANEL - BELOW);
    let y = |value: f64| lower - value / most * (lower - upper);
    writeln!(svg, "<text x=\"{LEFT}\" y=\"{:.1}\" font-weight=\"bold\">{}</text>", top + 22.0, curve.title)?;
    for step in 0..=3 {
        let value = most * f64::from(step) / 3.0;
        let at = y(value);
        writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>",
            WIDTH - RIGHT
        )?;
        let label = round(value);
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            at + 4.0
        )?;
    }
    let line: Vec<String> =
        curve.points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
    writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"1.6\"/>",
        line.join(" ")
    )?;
    Ok(())
}

/// Shows a number in as few signs as say enough.
fn round(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{:.1} M", value / 1e6),
        value if value >= 1e4 => format!("{:.0} k", value / 1e3),
        value if value >= 20.0 => format!("{value:.0}"),
        value => format!("{value:.1}"),
    }
}

//! Tables for people: no boxes, as wide as the terminal and no wider.

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use super::plain::plain;

/// A table that is being filled.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// Begins a table with its headings, for a terminal of a width, or for a pipe.
    pub(crate) fn new<const N: usize>(headings: [&str; N], width: Option<u16>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_header(headings);
        // In a pipe a row stays on its line, however long: programs such as grep look at lines.
        match width {
            Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        Self(table)
    }

    /// Adds a row. Line breaks within a cell become spaces, and nothing in it reaches the terminal as an order.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.map(|cell| plain(cell).split_whitespace().collect::<Vec<_>>().join(" "));
        self.0.add_row(cells);
    }

    /// Keeps the last column whole, however narrow the others get: it holds what a person copies.
    pub(crate) fn keep_last(&mut self) {
        if let Some(column) = self.0.column_iter_mut().last() {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }

    /// Returns the table as text, without blanks at the ends of lines.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.0.lines().map(|line| line.trim_end().to_owned()).collect();
        // Without a border, each line still begins with the padding of its first cell.
        lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_copied_in_one_piece() {
        let mut table = Table::new(["WHAT", "ADD WITH"], Some(40));
        table.row(["opens and closes issues in a tracker", "io.github.owner/issues"]);
        table.keep_last();
        assert!(table.text().contains("io.github.owner/issues"), "{}", table.text());
        assert!(table.text().lines().count() > 2, "{}", table.text());
    }

    #[test]
    fn keeps_a_row_on_its_line_in_a_pipe_and_wraps_it_on_a_terminal() {
        let fill = |width| {
            let mut table = Table::new(["NAME", "WHAT"], width);
            table.row(["echo", "says\nagain \u{1b}[1mwhat it was told, word for word"]);
            table.text()
        };
        assert_eq!(fill(None).lines().count(), 2);
        assert!(fill(None).starts_with("NAME"));
        assert!(!fill(None).contains('\u{1b}'));
        let wrapped = fill(Some(30));
        assert!(wrapped.lines().count() > 2);
        assert!(wrapped.lines().all(|line| line.chars().count() <= 30), "{wrapped}");
    }
}

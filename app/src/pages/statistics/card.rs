//! The frame of a chart, with its heading, the legend of its colours, the picture, and the table behind it.

use leptos::prelude::*;

use crate::i18n::{Locale, td_string};

/// A chart with everything that belongs to it.
pub(super) struct Card {
    /// Names the card for tests, and its table when the page is refreshed.
    pub(super) id: &'static str,
    /// The class of its width.
    pub(super) class: &'static str,
    /// The heading.
    pub(super) heading: String,
    /// The legend of the colours.
    pub(super) legend: AnyView,
    /// The SVG, which holds no words of residents.
    pub(super) chart: String,
    /// The definition of what is counted.
    pub(super) means: String,
    /// The table behind the chart.
    pub(super) table: Table,
}

impl Card {
    pub(super) fn view(self, locale: Locale) -> AnyView {
        let Self { id, class, heading, legend, chart, means, table } = self;
        view! {
            <figure class=format!("card {class}") data-testid=id>
                <figcaption>
                    <h2>{heading.clone()}</h2>
                    {legend}
                </figcaption>
                <div class="plot" inner_html=chart></div>
                <p class="means">{means}</p>
                <details id=format!("{id}-table")>
                    <summary>
                        {td_string!(locale, statistics.as_table)}
                        <span class="visually-hidden">" · " {heading}</span>
                    </summary>
                    {table.view()}
                </details>
            </figure>
        }
        .into_any()
    }
}

/// A table of numbers. The first cell of each row is its heading.
#[derive(Default)]
pub(super) struct Table {
    /// The headings of the columns.
    pub(super) head: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
    /// The sums.
    pub(super) foot: Option<Vec<String>>,
}

impl Table {
    pub(super) fn view(self) -> AnyView {
        let Self { head, rows, foot } = self;
        let head = head.into_iter().map(|name| view! { <th scope="col">{name}</th> }).collect_view();
        let rows = rows.into_iter().map(row).collect_view();
        let foot = foot.map(|sums| view! { <tfoot>{row(sums)}</tfoot> });
        view! {
            <div class="scrolls" tabindex="0">
                <table>
                    <thead>
                        <tr>{head}</tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    {foot}
                </table>
            </div>
        }
        .into_any()
    }
}

fn row(cells: Vec<String>) -> AnyView {
    let mut cells = cells.into_iter();
    let name = cells.next().unwrap_or_default();
    let cells = cells.map(|cell| view! { <td>{cell}</td> }).collect_view();
    view! {
        <tr>
            <th scope="row">{name}</th>
            {cells}
        </tr>
    }
    .into_any()
}

/// Returns an entry of a legend, which is a colour and its words.
pub(super) fn key(class: &'static str, words: String) -> AnyView {
    view! { <li><i class=class></i>{words}</li> }.into_any()
}

/// A legend.
pub(super) fn legend(keys: Vec<AnyView>) -> AnyView {
    view! { <ul class="legend">{keys}</ul> }.into_any()
}

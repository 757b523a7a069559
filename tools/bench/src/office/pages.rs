//! The office's pages, each with the parts that it must have.

use std::time::Instant;

use reqwest::{Method, RequestBuilder, StatusCode, header};

use super::{plan::Plan, report::Row};
use testkit::{Error, client::Session, measure::spread::Spread};

/// The most records on a page of the audit.
const RECORDS: usize = 50;
/// So many characters of the answer are printed where it is not a page.
const SHOWN: usize = 500;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// All lines.
    People,
    /// The houses of a line; the lines come in turn.
    Line,
    /// The open calls, of which there are none.
    Board,
    /// The cards of new invitations to all houses without an account.
    Cards,
    /// The newest records.
    Audit,
}

impl Page {
    /// Returns the name in the table and in errors.
    const fn name(self) -> &'static str {
        match self {
            Self::People => "GET /admin/people",
            Self::Line => "GET /admin/people?line=",
            Self::Board => "GET /admin/board",
            Self::Cards => "POST /admin/people/cards",
            Self::Audit => "GET /admin/audit",
        }
    }

    /// Loads the page so many times, one at a time, each to its end.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], and [`Error::Usage`] where the answer is not 200 or a part of the page is lost.
    pub(super) async fn load(self, office: &Session, plan: Plan, loads: u32) -> Result<Row, Error> {
        let (mut times, mut octets) = (Spread::default(), 0);
        for turn in 0..loads as usize {
            let request = self.request(office, plan, turn);
            let begun = Instant::now();
            let html = self.read(request).await?;
            times.add(begun.elapsed());
            octets = octets.max(html.len());
            if let Some(lost) = lost(&html, &self.parts(plan, turn, loads)) {
                return Err(Error::Usage(format!("{}, load {}: {lost}", self.name(), turn + 1)));
            }
        }
        Ok(Row::of_page(self.name(), times, octets))
    }

    fn request(self, office: &Session, plan: Plan, turn: usize) -> RequestBuilder {
        match self {
            Self::People => office.request(Method::GET, "/admin/people"),
            Self::Line => office.request(Method::GET, &address_of(plan, turn % plan.lines)),
            Self::Board => office.request(Method::GET, "/admin/board"),
            Self::Audit => office.request(Method::GET, "/admin/audit"),
            // The form of the button that invites all houses has no field.
            Self::Cards => office
                .request(Method::POST, "/admin/people/cards")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        }
    }

    async fn read(self, request: RequestBuilder) -> Result<String, Error> {
        let no_answer = |source| Error::NoAnswer { request: self.name().into(), source };
        let response = request.send().await.map_err(no_answer)?;
        let (status, html) = (response.status(), response.text().await.map_err(no_answer)?);
        if status == StatusCode::OK {
            return Ok(html);
        }
        let shown: String = html.chars().take(SHOWN).collect();
        Err(Error::Usage(format!("{} was answered {status}, not 200: {shown}", self.name())))
    }

    /// Returns the parts of the page with the least number of each.
    fn parts(self, plan: Plan, turn: usize, loads: u32) -> Vec<(String, usize)> {
        let part = |name: &str, least: usize| (format!("data-testid=\"{name}\""), least);
        match self {
            Self::People => {
                (0..plan.lines).map(|line| (format!("href=\"{}\"", address_of(plan, line)), 1)).collect()
            }
            Self::Line => {
                vec![part("house", plan.houses), part("person", plan.residents_of(turn % plan.lines))]
            }
            Self::Board => vec![part("board-now", 1)],
            Self::Cards => vec![part("card", plan.flats())],
            // The import, the invitations, and those of each load of the cards.
            Self::Audit => vec![part("record", RECORDS.min(loads as usize + 2))],
        }
    }
}

/// Returns the address of a line's page as the links to it have it, which escape the hyphen.
fn address_of(plan: Plan, line: usize) -> String {
    format!("/admin/people?line={}", plan.town().line(line).as_str().replace('-', "%2D"))
}

/// Describes the first part of which the page has too few, if there is one.
fn lost(html: &str, parts: &[(String, usize)]) -> Option<String> {
    parts.iter().find_map(|(part, least)| {
        let found = html.matches(part.as_str()).count();
        (found < *least).then(|| format!("{found} of {least} {part}, {} lost", least - found))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { lines: 11, houses: 2, residents: 23 };

    #[test]
    fn a_part_that_a_page_does_not_have_is_lost() {
        let parts = Page::Line.parts(PLAN, 11, 50);
        let houses = "<li data-testid=\"house\"></li>".repeat(2);
        let people = |count| format!("{houses}{}", "<li data-testid=\"person\"></li>".repeat(count));
        assert_eq!(lost(&people(3), &parts), None, "the first line has the third person");
        assert_eq!(lost(&people(2), &parts).unwrap(), "2 of 3 data-testid=\"person\", 1 lost");
        assert_eq!(lost(&people(2), &Page::Line.parts(PLAN, 12, 50)), None);
    }

    #[test]
    fn a_line_is_not_taken_for_another_one_whose_name_begins_alike() {
        let html: String =
            (1..=10).map(|line| format!("<a href=\"/admin/people?line=301%2D{line}\">")).collect();
        let lost = lost(&html, &Page::People.parts(PLAN, 0, 50)).unwrap();
        assert_eq!(lost, "0 of 1 href=\"/admin/people?line=301%2D11\", 1 lost");
        assert_eq!(Page::Audit.parts(PLAN, 0, 3)[0].1, 5);
        assert_eq!(Page::Audit.parts(PLAN, 0, 50)[0].1, 50);
    }
}

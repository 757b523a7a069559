//! The office of a large complex. It measures the preview and the import of all houses from a table, the invitations to
//! them, the office's pages about all residents, and the server's memory.
//!
//! The residents are in the database as the server would have written them, because a slow hash for each would take
//! minutes. They have a session each and no recorded consent, and their houses keep an invitation that nobody has used.
//!
//! Cards are for houses without an account, and each load of their page invites all of these houses again. So the
//! accounts are removed after the pages about the residents and before the cards. The records of those invitations fill
//! the page of the audit, which is loaded last.

mod pages;
mod plan;
mod report;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::runtime;
use pages::Page;
use plan::Plan;
use report::{Figures, Row};
use testkit::{
    Error,
    client::{Preview, Session},
    measure::{memory::Memory, spread::Spread},
    server::{Program, Server},
    town::{PASSWORD, Town},
};

/// The settings of `iutsai-bench office`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// A new PostgreSQL database for the accounts, as postgres://USER:PASSWORD@HOST/NAME, which stays filled. By
    /// default SQLite in the data directory
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,

    /// Number of houses that are imported and invited
    #[arg(long, value_name = "NUMBER", default_value_t = 800)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=2_000))]
    pub houses: u16,

    /// Number of lines, which have as many houses each
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=2_000))]
    pub lines: u16,

    /// Number of accounts in these houses, at least one in each
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub residents: u32,

    /// Number of previews, and of loads of each page, one at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub loads: u32,
}

/// Measures and prints.
///
/// # Errors
/// The failure that prevented a measurement, and [`Error::Usage`] when a page is not answered 200, or when houses,
/// people, invitations or records are lost.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let plan = Plan::of(settings)?;
    let runtime = runtime::of_this_thread()?;
    runtime.block_on(measure(settings, plan))
}

async fn measure(settings: &Settings, plan: Plan) -> Result<(), Error> {
    let server = program(settings).start().await?;
    report::print_preface(settings, server.data_dir())?;
    let people = Town::new(0, 0).building("office").administrators(1).with_password();
    server.populate(&people).await?;
    let office = server.client()?.sign_in(&people.administrator(0), PASSWORD).await?;
    let figures = Bench { office, server: &server, plan, loads: settings.loads }.run().await?;
    report::print(&figures);
    server.end().await
}

fn program(settings: &Settings) -> Program {
    let program = Program::new(&settings.program).env_remove("IUTSAI_DEMO");
    match &settings.database {
        Some(url) => program.env("DATABASE_URL", url),
        None => program,
    }
}

/// Everything that is there during all measurements.
struct Bench<'a> {
    office: Session,
    server: &'a Server,
    plan: Plan,
    loads: u32,
}

impl Bench<'_> {
    async fn run(&self) -> Result<Figures, Error> {
        let mut figures = Figures::default();
        figures.memory.push(("before the import", self.memory()?));
        self.import(&mut figures).await?;
        figures.rows.push(self.invite().await?);
        let accounts = self.plan.town().enter(&self.server.database()).await?;
        accounts.wait_until_known(self.office.client()).await?;
        figures.memory.push(("with all residents", self.memory()?));
        for page in [Page::People, Page::Line, Page::Board] {
            figures.rows.push(page.load(&self.office, self.plan, self.loads).await?);
        }
        figures.memory.push(("after the pages about them", self.memory()?));
        accounts.remove().await?;
        for page in [Page::Cards, Page::Audit] {
            figures.rows.push(page.load(&self.office, self.plan, self.loads).await?);
        }
        figures.memory.push(("after the cards and the audit", self.memory()?));
        Ok(figures)
    }

    /// Previews the table again and again, imports it once, and looks whether all of it is known then.
    async fn import(&self, figures: &mut Figures) -> Result<(), Error> {
        let (table, mut previews, mut digest) = (self.plan.table(), Spread::default(), String::new());
        for _ in 0..self.loads {
            let begun = Instant::now();
            let preview = self.office.preview(&table).await?.ok()?;
            previews.add(begun.elapsed());
            self.all_are_new("preview", &preview)?;
            digest = preview.digest;
        }
        let begun = Instant::now();
        let imported = self.office.import(&table, &digest).await?.ok()?;
        let took = begun.elapsed();
        self.all_are_new("import", &imported)?;
        let known = self.office.preview(&table).await?.ok()?.known_houses;
        nothing_lost("houses after the import", known, self.plan.flats())?;
        figures.rows.push(Row::new("preview", previews));
        figures.rows.push(Row::new("import", once(took)));
        Ok(())
    }

    fn all_are_new(&self, what: &str, preview: &Preview) -> Result<(), Error> {
        nothing_lost(&format!("new lines in the {what}"), preview.new_lines.len(), self.plan.lines)?;
        nothing_lost(&format!("new houses in the {what}"), preview.new_houses.len(), self.plan.flats())
    }

    async fn invite(&self) -> Result<Row, Error> {
        let begun = Instant::now();
        let made = self.office.invite_everybody().await?.ok()?;
        let took = begun.elapsed();
        nothing_lost("invitations", made.invitations.len(), self.plan.flats())?;
        Ok(Row::new("invitations", once(took)))
    }

    fn memory(&self) -> Result<Memory, Error> {
        Memory::of(&self.server.process()?)
    }
}

fn once(time: Duration) -> Spread {
    let mut times = Spread::default();
    times.add(time);
    times
}

/// Refuses another number than the expected one, which in a new database means a loss or a double.
fn nothing_lost(what: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let lost = expected.saturating_sub(found);
    Err(Error::Usage(format!(
        "{what}: {found} instead of {expected}, {lost} lost (the database must be new)"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_house_and_one_too_many_end_the_run() {
        assert!(nothing_lost("houses", 800, 800).is_ok());
        let lost = nothing_lost("houses", 797, 800).unwrap_err().to_string();
        assert!(lost.starts_with("houses: 797 instead of 800, 3 lost"), "{lost}");
        assert!(nothing_lost("houses", 801, 800).is_err());
    }
}

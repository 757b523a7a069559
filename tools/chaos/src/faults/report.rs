//! The report of a run, one line each.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use super::{
    fault::Kind,
    settings::{Log, Roles, Settings},
};
use crate::checker::{Figures, Verdict};
use testkit::Error;

/// So many violations of a kind are shown; all are in the file.
const SHOWN: usize = 5;
/// The longest line, in characters. A longer one is cut, and the whole one is in the file.
const LONGEST: usize = 400;

/// Prints the figures, what must not be, and how to repeat the run.
pub(super) fn print(settings: &Settings, seed: u64, verdict: &Verdict) {
    let Verdict { violations, figures } = verdict;
    println!();
    for (label, text) in lines(figures) {
        println!("{label:<28}{text}");
    }
    println!("{:<28}{seed}; again: {}", "seed", again(settings, seed));
    let mut kinds = BTreeMap::<String, usize>::new();
    for violation in violations {
        let text = violation.to_string();
        let kind = text.split(':').next().unwrap_or_default().to_owned();
        let count = kinds.entry(kind).or_default();
        *count += 1;
        if *count <= SHOWN {
            println!("{}", text.chars().take(LONGEST).collect::<String>());
        }
    }
    for (kind, count) in kinds.into_iter().filter(|(_, count)| *count > SHOWN) {
        println!("{kind}: {} more", count - SHOWN);
    }
}

fn lines(figures: &Figures) -> [(&'static str, String); 10] {
    let Figures {
        presses, acknowledged_presses, commands, acknowledged, refused, calls_stand, retries, ..
    } = figures;
    let seconds = |longest: &Option<(Duration, Uuid)>| match longest {
        Some((took, id)) => format!("{:.3} s (call {id})", took.as_secs_f64()),
        None => "-".into(),
    };
    [
        ("presses", format!("{presses}, with what followed {commands} commands")),
        (
            "acknowledged",
            format!(
                "{acknowledged_presses} presses, {acknowledged} commands ({retries} tries more, {refused} refused, \
                 {calls_stand} answered with a call that stands)"
            ),
        ),
        ("stored-then-published", format!("{} of {}", figures.stored_then_published, figures.stored)),
        ("past the log", figures.handed_over.to_string()),
        ("delivered", format!("{} in {} subscriptions", figures.delivered, figures.subscriptions)),
        ("lost", figures.lost.to_string()),
        ("duplicated", figures.duplicated.to_string()),
        (
            "longest press-to-neighbour",
            format!(
                "{} to the first; {} to the last who was listening all the time; counted from the first try",
                seconds(&figures.longest_to_first),
                seconds(&figures.longest_to_last)
            ),
        ),
        (
            "heard, not recorded",
            format!(
                "{} answers; {} not delivered to somebody connected",
                figures.heard_only, figures.undelivered
            ),
        ),
        (
            "disagreements",
            format!(
                "{} (not counted: {} calls with something delivered that was never acknowledged and is gone, {} that a \
                 restored backup took back)",
                figures.disagreements, figures.unpromised, figures.taken_back
            ),
        ),
    ]
}

fn again(settings: &Settings, seed: u64) -> String {
    let mut text = format!("script/chaos --seed {seed} --faults {}", settings.faults);
    if settings.kafka == Log::Cluster {
        text += " --kafka cluster";
    }
    match settings.roles {
        Roles::One => {}
        Roles::Apart => text += " --roles apart",
        Roles::Proxied => text += " --roles proxied",
    }
    let names = |kinds: &[Kind]| {
        let names = kinds.iter().filter_map(clap::ValueEnum::to_possible_value);
        names.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(",")
    };
    for (flag, kinds) in [("--only", &settings.only), ("--without", &settings.without)] {
        if !kinds.is_empty() {
            text += &format!(" {flag} {}", names(kinds));
        }
    }
    text
}

/// Writes every violation to a file beside the data.
///
/// # Errors
/// [`Error::File`].
pub(super) fn write_violations(directory: &Path, verdict: &Verdict) -> Result<(), Error> {
    let path: PathBuf = directory.join("violations.log");
    let failed = |source| Error::File { what: "write", path: path.clone(), source };
    let mut file = File::create(&path).map_err(failed)?;
    for violation in &verdict.violations {
        writeln!(file, "{violation}").map_err(failed)?;
    }
    Ok(())
}

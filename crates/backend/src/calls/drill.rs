//! The drills of the management office. Residents make theirs by a press.

use domain::{Alert, AlertId, Event, House, Line, Resident, Role, api::Recorded};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Calls, Refusal, rules::origin};
use crate::clock;

impl Calls {
    /// Alarms a line for an exercise. The office speaks for itself ([`House::office`]), because no flat may be spoken for
    /// by anybody else.
    ///
    /// # Errors
    /// [`Refusal`]; the drill is then stored nowhere.
    pub async fn drill(&self, by: &Resident, line: Line, key: Option<Uuid>) -> Result<Recorded, Refusal> {
        if by.role != Role::Administrator {
            return Err(Refusal::NotYours("only the management office alarms a line for a drill".into()));
        }
        let origin = origin(by, key, "/api/drills".into());
        let digest = Sha256::digest(line.as_str()).into();
        let alert =
            Alert { drill: true, ..Alert::new(AlertId(origin.id), line, House::office(), clock::now()) };
        self.once(Some(by), origin, digest, async || Ok(Event::Alert(alert))).await
    }
}

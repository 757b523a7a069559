//! Reading bodies. A test compares it with the reading of records (`record::fields`), whose fields they have.

use super::{Body, Unreadable};
use crate::{
    event::{Accept, Alert, AlertId, Escalation, Event, Millis, Moved, Progress, Receipt, Status},
    json::{Json, Read},
    people::{Flats, House, Line},
};

impl Body {
    /// Reads a body. An optional field that cannot be read counts as absent.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none of a type that is known here.
    pub fn parse(json: &[u8]) -> Result<Self, Unreadable> {
        let json = str::from_utf8(json).ok().and_then(Json::parse).ok_or(Unreadable::NotJson)?;
        let fields = Fields(json);
        let of = |event| Self::Event { event, first: None };
        match fields.required::<String>("type")?.as_str() {
            "alert" => fields.alert().map(Event::Alert).map(of),
            "accept" => {
                let event = fields.accept().map(Event::Accept)?;
                Ok(Self::Event { event, first: fields.0.field("first") })
            }
            "status" => fields.status().map(Event::Status).map(of),
            "location" => fields.moved().map(Event::Moved).map(of),
            "receipt" => fields.receipt().map(Event::Receipt).map(of),
            "first" => Ok(Self::First {
                line: fields.line()?,
                alert: fields.call()?,
                target: fields.name("target"),
                accept: fields.required("accept")?,
                id: fields.required("id")?,
            }),
            "snapshot-end" => Ok(Self::SnapshotEnd {
                line: fields.required("line")?,
                truncated: fields.required("truncated")?,
            }),
            other => Err(Unreadable::Type(other.to_owned())),
        }
    }
}

/// The fields of a body.
struct Fields(Json);

impl Fields {
    fn required<T: Read>(&self, name: &'static str) -> Result<T, Unreadable> {
        self.0.field(name).ok_or(Unreadable::Field(name))
    }

    /// The name of a line or a house.
    fn name<T: TryFrom<String>>(&self, name: &str) -> Option<T> {
        T::try_from(self.0.get(name).words()?).ok()
    }

    /// A name that has to be there, also where a producer wrote a number.
    fn required_name<T: TryFrom<String>>(&self, name: &'static str) -> Result<T, Unreadable> {
        self.name(name).ok_or(Unreadable::Field(name))
    }

    fn line(&self) -> Result<Line, Unreadable> {
        self.required("line")
    }

    fn call(&self) -> Result<AlertId, Unreadable> {
        self.required("alert")
    }

    fn at(&self) -> Result<Millis, Unreadable> {
        self.required("at")
    }

    fn flats(&self, name: &str) -> Flats {
        self.0.field(name).unwrap_or_default()
    }

    fn alert(&self) -> Result<Alert, Unreadable> {
        let drill = self.0.field("drill") == Some(true);
        Ok(Alert {
            id: self.required("id")?,
            line: self.required_name("line")?,
            house: self.required_name("house")?,
            text: self.0.field("text").unwrap_or_default(),
            location: self.0.location(),
            kind: self.0.field("kind"),
            drill,
            // An emergency is everybody's.
            alone: drill && self.0.field("alone") == Some(true),
            at: self.at()?,
        })
    }

    fn accept(&self) -> Result<Accept, Unreadable> {
        let accept_line = self.0.get("acceptLine").words().map(|_| self.required_name("acceptLine"));
        Ok(Accept {
            id: self.required("id")?,
            line: self.required_name("line")?,
            accept: self.required_name("accept")?,
            accept_line: accept_line.transpose()?,
            target: self.required_name("target")?,
            alert: self.required("alert")?,
            at: self.at()?,
        })
    }

    fn status(&self) -> Result<Status, Unreadable> {
        let status: Progress = self.required("status")?;
        let step = self.0.field("round").zip(self.0.field("step")).filter(|_| status == Progress::Escalated);
        let lines = || self.0.get("lines").list().unwrap_or_default().iter().filter_map(Line::read).collect();
        Ok(Status {
            id: self.required("id")?,
            line: self.line()?,
            alert: self.call()?,
            target: self.name("target"),
            status,
            by: self.required("by")?,
            by_line: self.name("byLine"),
            note: self.0.field("note"),
            escalation: step.map(|(round, step)| Escalation { round, step, lines: lines() }),
            at: self.at()?,
        })
    }

    fn moved(&self) -> Result<Moved, Unreadable> {
        let (location, house) = (self.0.location(), self.name::<House>("house"));
        // Only a flat that names itself may stop showing where it is, because no caller does.
        let stops = house.is_some() && self.0.get("lat").is_null() && self.0.get("lng").is_null();
        if location.is_none() && !stops {
            return Err(Unreadable::Field("lat and lng"));
        }
        Ok(Moved {
            line: self.line()?,
            alert: self.call()?,
            target: self.name("target"),
            house,
            house_line: self.name("houseLine"),
            location,
            at: self.at()?,
        })
    }

    fn receipt(&self) -> Result<Receipt, Unreadable> {
        Ok(Receipt {
            line: self.line()?,
            alert: self.call()?,
            target: self.name("target"),
            pushed: self.flats("pushed"),
            reached: self.required("reached")?,
            sounded: self.flats("sounded"),
            seen: self.required("seen")?,
            after: self.0.field("after").filter(|millis| *millis >= 0),
        })
    }
}

//! The tone of each kind of call, as numbers that an oscillator plays, and its loudness over time.
//!
//! A fire has the pattern that ISO 8201 gives to evacuation, at the 520 hertz that wake more sleepers than higher tones.
//! Every call is a harsh square wave. A drill is one soft beep with long pauses, which nobody takes for a call.

use domain::{Alert, Kind, Millis};
use web_sys::OscillatorType::{self, Sawtooth, Sine, Square, Triangle};

use super::SOUNDED_FOR;

/// The loudness at which an alarm begins, and that to which it rises, as parts of the greatest possible one. The first
/// is clear and startles nobody.
pub const FIRST: f32 = 0.2;
/// The loudness of an alarm that has risen.
pub const FULL: f32 = 0.7;
/// The time in which an alarm rises from the first loudness to the full one, in milliseconds.
pub const RISES_FOR: u16 = 4_000;

/// A tone.
#[derive(Debug, PartialEq)]
pub struct Tone {
    /// The shape of its wave.
    pub shape: OscillatorType,
    /// The middle of its pitch, in hertz.
    pub pitch: f32,
    /// The deviation of its pitch up and down, in hertz.
    pub swing: f32,
    /// The frequency at which the pitch goes up and down, in hertz.
    pub wail: f32,
    /// The shape of the way up and down.
    pub wail_shape: OscillatorType,
    /// A beat and a pause by turns, in milliseconds, which repeat. The device vibrates in the same rhythm.
    beats: &'static [u16],
}

const fn steady(shape: OscillatorType, pitch: f32, beats: &'static [u16]) -> Tone {
    Tone { shape, pitch, swing: 0.0, wail: 1.0, wail_shape: Sine, beats }
}

const fn wailing(
    pitch: f32,
    swing: f32,
    wail: f32,
    wail_shape: OscillatorType,
    beats: &'static [u16],
) -> Tone {
    Tone { shape: Square, pitch, swing, wail, wail_shape, beats }
}

static FIRE: Tone = steady(Square, 520.0, &[500, 500, 500, 500, 500, 1_500]);
/// High and low by turns, as an ambulance.
static MEDICAL: Tone = wailing(800.0, 160.0, 1.0, Square, &[1_500, 500]);
/// Short rising cries.
static INTRUDER: Tone = wailing(1_000.0, 500.0, 4.0, Sawtooth, &[250, 150, 250, 150, 250, 950]);
static OTHER: Tone = steady(Square, 750.0, &[300, 200, 300, 1_200]);
/// A siren, for a call whose kind was not chosen.
static UNKNOWN: Tone = wailing(1_000.0, 400.0, 1.2, Triangle, &[700, 300, 700, 300]);
static DRILL: Tone = steady(Sine, 440.0, &[200, 2_800]);

impl Tone {
    /// Returns the tone of a call.
    #[must_use]
    pub fn of(alert: &Alert) -> &'static Self {
        match alert.kind {
            _ if alert.drill => &DRILL,
            Some(Kind::Fire) => &FIRE,
            Some(Kind::Medical) => &MEDICAL,
            Some(Kind::Intruder) => &INTRUDER,
            Some(Kind::Other) => &OTHER,
            None => &UNKNOWN,
        }
    }

    /// Returns the beats and pauses in milliseconds, as a device vibrates them once. The pause at the end is left out.
    #[must_use]
    pub fn rhythm(&self) -> &'static [u16] {
        self.beats.split_last().map_or(self.beats, |(_, beats)| beats)
    }

    /// Returns the time after which the rhythm repeats, in milliseconds.
    #[must_use]
    pub fn period(&self) -> u32 {
        self.beats.iter().copied().map(u32::from).sum()
    }

    /// Returns each change of the loudness, with its time in milliseconds from now, for as long as a call may sound.
    /// The alarm of the device has gone on for `risen` milliseconds already, because a call that follows another one
    /// must not become quieter.
    pub fn changes(&self, risen: Millis) -> impl Iterator<Item = (u32, f32)> {
        let mut at = 0_u32;
        let parts = self.beats.iter().enumerate().cycle().map(move |(part, length)| {
            let loudness = if part.is_multiple_of(2) { loudness(risen + Millis::from(at)) } else { 0.0 };
            let change = (at, loudness);
            at += u32::from(*length);
            change
        });
        parts.take_while(|(at, _)| Millis::from(*at) < SOUNDED_FOR + Millis::from(RISES_FOR))
    }
}

/// Returns the loudness of an alarm that has gone on for so many milliseconds.
fn loudness(after: Millis) -> f32 {
    let after = u16::try_from(after.max(0)).unwrap_or(RISES_FOR).min(RISES_FOR);
    FIRST + (FULL - FIRST) * f32::from(after) / f32::from(RISES_FOR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::call;

    fn every_call() -> Vec<Alert> {
        let kinds = [None].into_iter().chain(Kind::ALL.map(Some));
        kinds.map(|kind| Alert { kind, ..call(1) }).collect()
    }

    fn drill(kind: Option<Kind>) -> Alert {
        Alert { kind, drill: true, ..call(1) }
    }

    fn sound(tone: &Tone) -> [u32; 3] {
        [tone.pitch, tone.swing, tone.wail].map(f32::to_bits)
    }

    #[test]
    fn every_kind_has_a_rhythm_and_a_sound_of_its_own() {
        let mut tones: Vec<&Tone> = every_call().iter().map(Tone::of).collect();
        tones.push(Tone::of(&drill(None)));
        for (index, one) in tones.iter().enumerate() {
            for other in &tones[index + 1..] {
                assert_ne!(one.beats, other.beats, "deaf people feel the difference");
                assert_ne!(sound(one), sound(other));
            }
        }
    }

    #[test]
    fn a_drill_sounds_like_no_call_whatever_its_kind() {
        for alert in every_call() {
            assert_eq!(Tone::of(&alert).shape, Square);
            let drill = Tone::of(&drill(alert.kind));
            assert_eq!((drill.shape, drill.rhythm().len()), (Sine, 1));
        }
    }

    #[test]
    fn the_device_vibrates_in_the_rhythm_without_the_last_pause() {
        let fire = Tone::of(&Alert { kind: Some(Kind::Fire), ..call(1) });
        assert_eq!((fire.rhythm(), fire.period()), (&[500, 500, 500, 500, 500][..], 4_000));
    }

    proptest! {
        #[test]
        fn every_alarm_begins_at_once_rises_to_full_within_seconds_and_sounds_as_long_as_its_call(
            which in any::<prop::sample::Index>(),
            risen in prop_oneof![Just::<Millis>(0), 0..Millis::from(RISES_FOR), 0..2 * SOUNDED_FOR],
        ) {
            let mut all = every_call();
            all.push(drill(None));
            let tone = Tone::of(which.get(&all));
            let changes: Vec<_> = tone.changes(risen).collect();
            let beats: Vec<_> = changes.iter().copied().filter(|(_, loudness)| *loudness > 0.0).collect();
            prop_assert_eq!(changes[0], (0, loudness(risen)));
            prop_assert_eq!(beats.len(), changes.len().div_ceil(2), "a pause follows each beat");
            prop_assert!(changes.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(beats.windows(2).all(|pair| pair[0].1 <= pair[1].1), "it becomes no quieter");
            for (at, loudness) in &beats {
                prop_assert!((FIRST..=FULL + 1e-6).contains(loudness));
                if Millis::from(*at) + risen >= Millis::from(RISES_FOR) {
                    prop_assert!((loudness - FULL).abs() < 1e-6, "full at {}", at);
                }
            }
            let (last, _) = changes[changes.len() - 1];
            prop_assert!(Millis::from(last) >= SOUNDED_FOR - Millis::from(tone.period()));
            if risen == 0 {
                prop_assert!((beats[0].1 - FIRST).abs() < 1e-6);
                prop_assert!(beats[1].1 > beats[0].1, "the second beat is louder than the first");
            }
        }

        #[test]
        fn an_alarm_that_another_call_takes_over_goes_on_as_loud_as_it_was(at in 0..2 * Millis::from(RISES_FOR)) {
            let [before, after] = [Tone::of(&every_call()[0]), Tone::of(&every_call()[1])];
            let so_far = before.changes(0).take_while(|(then, _)| Millis::from(*then) <= at);
            let loudest = so_far.map(|(_, loudness)| loudness).fold(0.0, f32::max);
            let (_, begins) = after.changes(at).next().expect("it sounds");
            prop_assert!(begins >= loudest);
        }
    }
}

//! The sound itself, which is a siren of two oscillators (Web Audio). It needs no file, and no timer that a hidden tab
//! would slow down.

use wasm_bindgen::JsValue;
use web_sys::{AudioContext, GainNode, OscillatorNode, OscillatorType};

/// The middle of the siren's pitch, and its deviation up and down, in hertz. Small speakers are loudest there.
const PITCH: f32 = 1_000.0;
const SWING: f32 = 400.0;
/// The frequency at which the pitch goes up and down, in hertz.
const WAIL: f32 = 1.2;
/// The two pitches of a drill, as their middle and the distance of each from it, in hertz. They take turns like a doorbell's,
/// softly, so that nobody takes a drill for an emergency.
const BELL_PITCH: f32 = 590.0;
const BELL_SWING: f32 = 65.0;
/// The frequency at which they take turns, in hertz.
const BELL_TURNS: f32 = 0.6;
/// The time until it is loud, in seconds; a shorter one would crackle.
const ATTACK: f64 = 0.05;
/// The length of a chirp, in seconds.
const CHIRP: f64 = 0.15;
/// The length of the silence that is played to an idle context, in seconds. It is longer than the time until the next
/// check.
const NUDGE: f64 = 3.0;

/// The sounds of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// An emergency wails.
    Emergency,
    /// A drill rings like a doorbell.
    Drill,
}

/// A siren that sounds until it is dropped.
pub(super) struct Siren {
    tone: OscillatorNode,
    wail: OscillatorNode,
    loudness: GainNode,
}

impl Siren {
    pub(super) fn start(context: &AudioContext, voice: Voice) -> Result<Self, JsValue> {
        let (shape, loud, pitch) = match voice {
            Voice::Emergency => (OscillatorType::Square, 0.7, PITCH),
            Voice::Drill => (OscillatorType::Sine, 0.5, BELL_PITCH),
        };
        let (turning, turns, distance) = match voice {
            Voice::Emergency => (OscillatorType::Triangle, WAIL, SWING),
            Voice::Drill => (OscillatorType::Square, BELL_TURNS, BELL_SWING),
        };
        let (tone, loudness) = tone(context, shape, loud)?;
        tone.frequency().set_value(pitch);
        let (wail, swing) = (context.create_oscillator()?, context.create_gain()?);
        wail.set_type(turning);
        wail.frequency().set_value(turns);
        swing.gain().set_value(distance);
        wail.connect_with_audio_node(&swing)?;
        swing.connect_with_audio_param(&tone.frequency())?;
        wail.start()?;
        tone.start()?;
        Ok(Self { tone, wail, loudness })
    }
}

impl Drop for Siren {
    fn drop(&mut self) {
        // A tone that cannot be stopped or disconnected has ended already.
        drop(self.tone.stop());
        drop(self.wail.stop());
        drop(self.loudness.disconnect());
    }
}

/// Plays a short, soft tone. It shows that the sound is on, and how loud the device is.
pub(super) fn chirp(context: &AudioContext) -> Result<(), JsValue> {
    let (tone, _) = tone(context, OscillatorType::Sine, 0.3)?;
    tone.start()?;
    tone.stop_with_when(context.current_time() + CHIRP)
}

/// Plays silence, so that the time of an idle context moves on where it can.
pub(super) fn nudge(context: &AudioContext) -> Result<(), JsValue> {
    let (source, silence) = (context.create_oscillator()?, context.create_gain()?);
    silence.gain().set_value(0.0);
    source.connect_with_audio_node(&silence)?;
    silence.connect_with_audio_node(&context.destination())?;
    source.start()?;
    source.stop_with_when(context.current_time() + NUDGE)
}

fn tone(
    context: &AudioContext,
    shape: OscillatorType,
    loud: f32,
) -> Result<(OscillatorNode, GainNode), JsValue> {
    let (tone, loudness) = (context.create_oscillator()?, context.create_gain()?);
    tone.set_type(shape);
    tone.frequency().set_value(PITCH);
    let now = context.current_time();
    loudness.gain().set_value_at_time(0.0, now)?;
    loudness.gain().linear_ramp_to_value_at_time(loud, now + ATTACK)?;
    tone.connect_with_audio_node(&loudness)?;
    loudness.connect_with_audio_node(&context.destination())?;
    Ok((tone, loudness))
}

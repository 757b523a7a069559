//! The sound itself, which is a siren of two oscillators (Web Audio). It needs no file, and no timer that a hidden tab
//! would slow down.

use domain::Millis;
use wasm_bindgen::JsValue;
use web_sys::{AudioContext, GainNode, OscillatorNode, OscillatorType};

use crate::sound_rule::tones::Tone;

/// The pitch of a chirp, in hertz. Small speakers are loudest there.
const CHIRP_PITCH: f32 = 1_000.0;
/// The loudness of a chirp, as a part of the greatest possible one.
const CHIRP_LOUDNESS: f32 = 0.3;
/// The length of a chirp, in seconds.
const CHIRP: f64 = 0.15;
/// The time in which the loudness goes two thirds of its way, in seconds; a shorter one would crackle.
const ATTACK: f64 = 0.015;
/// The length of the silence that is played to an idle context, in seconds. It is longer than the time until the next
/// check.
const NUDGE: f64 = 3.0;

/// A siren that sounds until it is dropped.
pub(super) struct Siren {
    voice: OscillatorNode,
    wail: OscillatorNode,
    loudness: GainNode,
}

impl Siren {
    /// Starts the siren on a device whose alarm has gone on for `risen` milliseconds.
    pub(super) fn start(context: &AudioContext, tone: &Tone, risen: Millis) -> Result<Self, JsValue> {
        let (voice, loudness) = voice(context, tone.shape, tone.pitch)?;
        let now = context.current_time();
        for (at, level) in tone.changes(risen) {
            loudness.gain().set_target_at_time(level, now + f64::from(at) / 1_000.0, ATTACK)?;
        }
        let (wail, swing) = (context.create_oscillator()?, context.create_gain()?);
        wail.set_type(tone.wail_shape);
        wail.frequency().set_value(tone.wail);
        swing.gain().set_value(tone.swing);
        wail.connect_with_audio_node(&swing)?;
        swing.connect_with_audio_param(&voice.frequency())?;
        wail.start()?;
        voice.start()?;
        Ok(Self { voice, wail, loudness })
    }
}

impl Drop for Siren {
    fn drop(&mut self) {
        // A tone that cannot be stopped or disconnected has ended already.
        drop(self.voice.stop());
        drop(self.wail.stop());
        drop(self.loudness.disconnect());
    }
}

/// Plays a short, soft tone. It shows that the sound is on, and how loud the device is.
pub(super) fn chirp(context: &AudioContext) -> Result<(), JsValue> {
    let (voice, loudness) = voice(context, OscillatorType::Sine, CHIRP_PITCH)?;
    loudness.gain().set_target_at_time(CHIRP_LOUDNESS, context.current_time(), ATTACK)?;
    voice.start()?;
    voice.stop_with_when(context.current_time() + CHIRP)
}

/// Plays silence, so that the time of an idle context moves on where it can.
pub(super) fn nudge(context: &AudioContext) -> Result<(), JsValue> {
    let (source, _) = voice(context, OscillatorType::Sine, CHIRP_PITCH)?;
    source.start()?;
    source.stop_with_when(context.current_time() + NUDGE)
}

/// Returns a tone that is connected and silent still, with its loudness.
fn voice(
    context: &AudioContext,
    shape: OscillatorType,
    pitch: f32,
) -> Result<(OscillatorNode, GainNode), JsValue> {
    let (voice, loudness) = (context.create_oscillator()?, context.create_gain()?);
    voice.set_type(shape);
    voice.frequency().set_value(pitch);
    loudness.gain().set_value_at_time(0.0, context.current_time())?;
    voice.connect_with_audio_node(&loudness)?;
    loudness.connect_with_audio_node(&context.destination())?;
    Ok((voice, loudness))
}

//! The domain in words: houses and lines as people say them, kinds, ends, and how long ago something was.

use wire::{Actor, House, Incident, Kind, Line, Millis, Progress, Role, Stance, Resident};

use crate::i18n::{I18nContext, I18nKeys, Locale, td_string, use_i18n};

//! Acts, names and times in words.

use backend::audit::{Act, COMMAND_LINE, DISPLAY, SERVICE};
use domain::{Millis, statistics::Zone};

use crate::i18n::{Locale, td_string};

/// An act.
pub(super) fn act(locale: Locale, act: Act) -> &'static str {
    match act {
        Act::SignedIn => td_string!(locale, audit.act_signed_in),
        Act::SignInRefused => td_string!(locale, audit.act_sign_in_refused),
        Act::SignedOut => td_string!(locale, audit.act_signed_out),
        Act::SessionsEnded => td_string!(locale, audit.act_sessions_ended),
        Act::Joined => td_string!(locale, audit.act_joined),
        Act::PasswordChosen => td_string!(locale, audit.act_password_chosen),
        Act::SecondFactorBegun => td_string!(locale, audit.act_second_factor_begun),
        Act::SecondFactorSet => td_string!(locale, audit.act_second_factor_set),
        Act::SecondFactorRemoved => td_string!(locale, audit.act_second_factor_removed),
        Act::RecoveryCodeUsed => td_string!(locale, audit.act_recovery_code_used),
        Act::RecoveryCodesRenewed => td_string!(locale, audit.act_recovery_codes_renewed),
        Act::ServiceLinked => td_string!(locale, audit.act_service_linked),
        Act::ServiceUnlinked => td_string!(locale, audit.act_service_unlinked),
        Act::AccountMade => td_string!(locale, audit.act_account_made),
        Act::Locked => td_string!(locale, audit.act_locked),
        Act::Unlocked => td_string!(locale, audit.act_unlocked),
        Act::RoleChanged => td_string!(locale, audit.act_role_changed),
        Act::Reset => td_string!(locale, audit.act_reset),
        Act::MovedOut => td_string!(locale, audit.act_moved_out),
        Act::AccountLeft => td_string!(locale, audit.act_account_left),
        Act::Invited => td_string!(locale, audit.act_invited),
        Act::Imported => td_string!(locale, audit.act_imported),
        Act::HouseAdded => td_string!(locale, audit.act_house_added),
        Act::HouseRemoved => td_string!(locale, audit.act_house_removed),
        Act::LineRemoved => td_string!(locale, audit.act_line_removed),
        Act::NeighboursSet => td_string!(locale, audit.act_neighbours_set),
        Act::ConsentGiven => td_string!(locale, audit.act_consent_given),
        Act::ConsentWithdrawn => td_string!(locale, audit.act_consent_withdrawn),
        Act::CallOpened => td_string!(locale, audit.act_call_opened),
        Act::CallEnded => td_string!(locale, audit.act_call_ended),
        Act::CallSeen => td_string!(locale, audit.act_call_seen),
        Act::LocationSeen => td_string!(locale, audit.act_location_seen),
        Act::Downloaded => td_string!(locale, audit.act_downloaded),
        Act::OwnDataDownloaded => td_string!(locale, audit.act_own_data_downloaded),
        Act::Exported => td_string!(locale, audit.act_exported),
        Act::StatisticsCounted => td_string!(locale, audit.act_statistics_counted),
        Act::StatisticsVerified => td_string!(locale, audit.act_statistics_verified),
        Act::DemoRemoved => td_string!(locale, audit.act_demo_removed),
        Act::BackedUp => td_string!(locale, audit.act_backed_up),
        Act::Restored => td_string!(locale, audit.act_restored),
        Act::DatabaseMoved => td_string!(locale, audit.act_database_moved),
        Act::DisplayMade => td_string!(locale, audit.act_display_made),
        Act::DisplayRevoked => td_string!(locale, audit.act_display_revoked),
        Act::SettingChanged => td_string!(locale, audit.act_setting_changed),
        Act::LocationsForgotten => td_string!(locale, audit.act_locations_forgotten),
        Act::AuditPruned => td_string!(locale, audit.act_audit_pruned),
        Act::RecordsChecked => td_string!(locale, audit.act_records_checked),
    }
}

/// An act by its stored name, which stands for itself if a newer version wrote it.
pub(super) fn named(locale: Locale, name: &str) -> String {
    Act::named(name).map_or_else(|| name.to_owned(), |known| act(locale, known).to_owned())
}

/// The account or the program that acted.
pub(super) fn actor(locale: Locale, name: &str) -> String {
    match name {
        COMMAND_LINE => td_string!(locale, audit.command_line).to_owned(),
        SERVICE => td_string!(locale, names.service).to_owned(),
        name => match name.strip_prefix(DISPLAY) {
            Some(display) => td_string!(locale, audit.board_display, name = display),
            None => name.to_owned(),
        },
    }
}

/// A day and its time, to the second.
pub(super) fn instant(at: Millis, zone: &dyn Zone) -> String {
    let [hours, minutes, seconds] = zone.clock(at);
    format!("{} {hours:02}:{minutes:02}:{seconds:02}", zone.local(at).date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::I18nLocaleTrait;

    #[test]
    fn a_screen_on_a_wall_is_not_an_account_of_its_name() {
        for &locale in Locale::get_all() {
            let words = actor(locale, &format!("{DISPLAY}admin"));
            assert!(words.contains("admin") && words != actor(locale, "admin"), "{words}");
        }
    }

    #[test]
    fn every_act_has_words_of_its_own_in_every_language() {
        for &locale in Locale::get_all() {
            let mut words: Vec<_> = Act::ALL.iter().map(|known| act(locale, *known)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), Act::ALL.len());
        }
    }
}

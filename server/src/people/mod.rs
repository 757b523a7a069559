//! The people of the complex. The office invites them, locks and unlocks, imports houses, and sets the rules of
//! escalation; the invited join. Its screens are made and revoked here, too.

mod act;
mod acts;
mod cards;
mod displays;
mod escalation;
mod import;
mod join;
mod qr;
mod shown;
mod upload;

pub(crate) use self::{
    act::Act,
    acts::{
        add_house, end_sessions, list, lock, move_out, remove_house, remove_line, reset, set_neighbours,
        set_role, unlock,
    },
    cards::{cards, invite},
    displays::{
        list as list_displays, make as make_display, make_page as make_display_page,
        revoke as revoke_display, shown as displays,
    },
    escalation::{rules, set_rules, shown as escalation},
    import::{import, import_page},
    join::{in_kakao_talk, join, shown as invitation},
    qr::svg as qr_code,
    shown::shown,
    upload::BODY_LIMIT as UPLOAD_LIMIT,
};

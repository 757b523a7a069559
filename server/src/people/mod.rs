//! The people of the complex. The office invites them, locks and unlocks, imports houses, and sets the rules of
//! escalation; the invited join.

mod act;
mod acts;
mod cards;
mod escalation;
mod import;
mod join;
mod qr;
mod shown;
mod upload;

pub use self::{
    acts::{
        add_house, end_sessions, list, lock, move_out, remove_house, remove_line, reset, set_neighbours,
        set_role, unlock,
    },
    cards::{cards, invite},
    escalation::{rules, set_rules, shown as escalation},
    import::{import, import_page},
    join::{join, shown as invitation},
    shown::shown,
    upload::BODY_LIMIT as UPLOAD_LIMIT,
};

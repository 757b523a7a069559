//! The acts that are recorded.

macro_rules! acts {
    ($($(#[$doc:meta])* $act:ident = $name:literal;)*) => {
        /// An act. Its name is stored, so it never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Act {
            $($(#[$doc])* $act,)*
        }

        impl Act {
            /// Every act.
            pub const ALL: &[Self] = &[$(Self::$act),*];

            /// Returns the name that is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$act => $name,)*
                }
            }
        }
    };
}

acts! {
    /// Somebody signed in.
    SignedIn = "signed-in";
    /// A sign-in was refused.
    SignInRefused = "sign-in-refused";
    /// Somebody signed out.
    SignedOut = "signed-out";
    /// Sessions of an account were ended, by the office or by its owner.
    SessionsEnded = "sessions-ended";
    /// Somebody made an account with an invitation.
    Joined = "joined";
    /// Somebody chose a new password.
    PasswordChosen = "password-chosen";
    /// The set-up of a second factor has begun. It protects nothing yet.
    SecondFactorBegun = "second-factor-begun";
    /// A second factor was set up.
    SecondFactorSet = "second-factor-set";
    /// A second factor was removed.
    SecondFactorRemoved = "second-factor-removed";
    /// A code for the loss of the second factor was used.
    RecoveryCodeUsed = "recovery-code-used";
    /// The codes for the loss of the second factor were made anew.
    RecoveryCodesRenewed = "recovery-codes-renewed";
    /// The first sign-in by the housing service linked an account with a person there.
    ServiceLinked = "service-linked";
    /// The link of an account with a person of the housing service was removed.
    ServiceUnlinked = "service-unlinked";
    /// An account was made on the command line.
    AccountMade = "account-made";
    /// An account was locked.
    Locked = "locked";
    /// An account was unlocked.
    Unlocked = "unlocked";
    /// An account got another role.
    RoleChanged = "role-changed";
    /// An account was invited to choose a new password.
    Reset = "reset";
    /// The account of somebody who moved out was deleted.
    MovedOut = "moved-out";
    /// A resident deleted their own account.
    AccountLeft = "account-left";
    /// Houses were invited.
    Invited = "invited";
    /// Houses were imported.
    Imported = "imported";
    /// A house was added.
    HouseAdded = "house-added";
    /// A house was removed.
    HouseRemoved = "house-removed";
    /// A line was removed.
    LineRemoved = "line-removed";
    /// The neighbouring lines of a line were set.
    NeighboursSet = "neighbours-set";
    /// A consent was given.
    ConsentGiven = "consent-given";
    /// A consent was withdrawn.
    ConsentWithdrawn = "consent-withdrawn";
    /// Somebody of the office called for help.
    CallOpened = "call-opened";
    /// Somebody of the office ended a call.
    CallEnded = "call-ended";
    /// Somebody of the office looked at the page of a call.
    CallSeen = "call-seen";
    /// The location of a call was shown to somebody of the office.
    LocationSeen = "location-seen";
    /// A table was downloaded from a page or by a program.
    Downloaded = "downloaded";
    /// A resident downloaded their own data.
    OwnDataDownloaded = "own-data-downloaded";
    /// Data was exported on the command line.
    Exported = "exported";
    /// All calls were counted again.
    StatisticsCounted = "statistics-counted";
    /// All calls were counted again and compared.
    StatisticsVerified = "statistics-verified";
    /// The past of the demo complex was removed.
    DemoRemoved = "demo-removed";
    /// A backup of everything that a node keeps was made.
    BackedUp = "backed-up";
    /// A backup was put in the place of a node's data.
    Restored = "restored";
    /// The accounts and the statistics were moved to another database.
    DatabaseMoved = "database-moved";
    /// A wall display was made.
    DisplayMade = "display-made";
    /// A wall display was revoked.
    DisplayRevoked = "display-revoked";
    /// A setting of the service was changed.
    SettingChanged = "setting-changed";
    /// The locations of calls, and the records of their uses, were destroyed by an act of the caller.
    LocationsForgotten = "locations-forgotten";
    /// Records of the audit were deleted when their time was over.
    AuditPruned = "audit-pruned";
    /// An administrator signed that the records of a month were looked at.
    RecordsChecked = "records-checked";
}

impl Act {
    /// Returns the act with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|act| act.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_a_name_of_its_own() {
        for act in Act::ALL {
            assert_eq!(Act::named(act.as_str()), Some(*act));
        }
        assert_eq!(Act::named("of-tomorrow"), None);
    }
}

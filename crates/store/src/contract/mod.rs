//! What every back-end must do: the promises of [`Store`] and [`Transaction`](crate::Transaction)
//! as cases, each run on a store of its own that is empty when it begins.
//!
//! A back-end runs them from a file in its `tests` folder. It says how to open an empty store and
//! how to clean up behind it, and gets one `#[test]` per case:
//!
//! ```text
//! fn on_an_empty_store(case: fn(&dyn store::Store)) {
//!     let folder = tempfile::tempdir().unwrap();
//!     case(&MyStore::open(folder.path()).unwrap());
//! }
//!
//! store::contract_tests!(on_an_empty_store);
//! ```
//!
//! To add a case: write it in the file of its noun and name it in the list below. A case that is
//! written and not listed is dead code, which the compiler reports.

#![expect(clippy::unwrap_used, reason = "a case fails where a back-end breaks a promise")]

mod log;
mod records;
pub mod sample;
mod tenancy;
mod transactions;
mod versions;

use crate::Store;

/// Makes each case a public function, for the tests of a back-end to call, and writes the macro
/// that calls them. `$d` stands for the dollar sign of that inner macro.
macro_rules! cases {
    ($d:tt $($module:ident { $($case:ident)* })*) => {
        $($(
            #[doc = concat!("The case `", stringify!($case), "`; see [`contract_tests`](crate::contract_tests).")]
            pub fn $case(store: &dyn Store) {
                $module::$case(store);
            }
        )*)*

        /// Expands to one `#[test]` per case of the [contract](crate::contract). Takes the name of
        /// a function that runs a case on an empty store.
        #[macro_export]
        macro_rules! contract_tests {
            ($d on_an_empty_store:path) => {
                $($(
                    #[test]
                    fn $case() {
                        $d on_an_empty_store($crate::contract::$case);
                    }
                )*)*
            };
        }
    };
}

cases! { $
    records {
        an_empty_store_holds_nothing_and_is_in_order
        organizations_are_kept_and_changed
        an_organization_is_changed_without_its_belongings
        an_organization_id_is_given_once
        users_are_kept_and_changed
        logins_are_kept_and_changed
        calendar_feeds_are_kept_and_changed
        keys_are_kept_and_changed
        a_login_leaves_the_rest_of_a_key
        statuses_are_kept_and_changed
        place_and_meaning_of_a_status_are_kept
        sessions_are_kept_and_changed
        a_session_opened_with_a_login_is_told_from_one_opened_with_a_key
        runs_are_kept_and_changed
        a_session_is_dropped_without_its_runs
        a_session_that_has_ended_is_not_touched
        one_run_is_dropped_alone
        what_is_not_there_can_be_dropped
        what_a_key_was_given_is_replaced
        accounts_are_kept_and_renamed
        an_account_that_is_dropped_is_gone_and_no_other
        the_folder_state_is_replaced
        audit_entries_are_kept_replaced_and_found
        audit_entries_expire_from_the_beginning
        names_of_every_kind_are_kept
        extreme_stamps_of_records_are_kept
    }
    versions {
        a_record_with_all_members_is_read_back
        a_record_with_the_required_members_is_read_back
        custom_fields_keep_their_order_and_gaps
        a_tombstone_is_read_back
        any_text_is_read_back
        the_longest_texts_are_read_back
        extreme_numbers_are_read_back
        every_author_is_read_back
        every_priority_is_read_back
        versions_come_in_the_order_asked_for
        versions_are_shown_in_the_order_of_the_log_until_told_to_stop
        the_length_of_a_content_is_known_without_reading_it
        thousands_of_versions_are_read_at_once
        a_missing_version_is_damage
    }
    log {
        the_log_is_shown_in_its_order
        the_log_begins_after_a_position
        the_log_ends_when_told_to
        a_long_log_is_whole_and_ends_when_told_to
        the_store_can_be_asked_while_the_log_is_shown
        the_head_is_the_last_position
        latest_is_the_last_version_of_one_activity
        activities_of_a_status_come_in_pages
        activities_of_a_status_follow_the_log
        what_is_there_is_shown_in_id_order
        what_is_there_is_shown_until_told_to_stop
        what_is_in_order_is_examined_without_a_problem
        rows_of_no_organization_are_a_problem
        a_log_is_cut_back_from_its_end_in_parts
    }
    transactions {
        a_transaction_sees_what_it_appended
        current_is_the_latest_version_of_one_activity
        a_taken_position_is_refused
        a_transaction_dropped_changes_nothing
        a_commit_of_nothing_succeeds
        every_durability_can_be_read
        a_reader_sees_only_what_is_committed
        a_reader_sees_commits_whole
        begin_waits_for_the_transaction_before_it
        writers_take_turns
        reopening_keeps_everything
    }
    tenancy {
        the_belongings_of_organizations_are_apart
        the_logs_of_organizations_are_apart
        the_sessions_and_runs_of_organizations_are_apart
        the_accounts_and_coverages_of_organizations_are_apart
        a_transaction_holds_organizations_apart
    }
}

//! The names and codes of NeonCRM's API v1, as far as activities go: once, for the server, the mirror and the pages.
//!
//! Source: the vendor's page about syncActivities, and what is known of the others (docs/api.md). A server takes
//! names in any case; these are the cases that the vendor's documents show.

/// Where the methods are, below a server's address.
pub const PATH: &str = "/neonws/services/api";

/// The methods: service and name, below [`PATH`].
pub mod method {
    /// Begins a session.
    pub const LOGIN: &str = "common/login";
    /// Ends it.
    pub const LOGOUT: &str = "common/logout";
    /// What changed or was deleted.
    pub const SYNC: &str = "account/syncActivities";
    /// Creates an activity.
    pub const CREATE: &str = "account/createActivity";
    /// The same, as the SOAP operation is called.
    pub const ADD: &str = "account/addActivity";
    /// Changes members of an activity.
    pub const UPDATE: &str = "account/updateActivity";
    /// Removes an activity.
    pub const REMOVE: &str = "account/removeActivity";
    /// Returns an activity.
    pub const RETRIEVE: &str = "account/retrieveActivity";
    /// The statuses that can be chosen.
    pub const LIST_STATUS: &str = "account/listActivityStatus";

    /// Count and hash of ranges of ids: Driftless's own, the vendor has none.
    pub const DIGEST: &str = "account/digestActivities";

    /// How the names of methods begin that change nothing.
    const READING: [&str; 4] = ["digest", "list", "retrieve", "sync"];

    /// Whether a method is known to change nothing, by the first word of its name: the vendor has many that are not
    /// about activities.
    #[must_use]
    pub fn only_reads(method: &str) -> bool {
        let name = method.rsplit('/').next().unwrap_or(method);
        READING.iter().any(|word| {
            let begins = |head: &str| head.eq_ignore_ascii_case(word);
            name.get(..word.len()).is_some_and(begins)
        })
    }
}

/// Headers that Driftless puts into every answer; the vendor has none of them. In lower case, as HTTP/2 wants them.
pub mod header {
    /// The version of Driftless. A server that sends it can be relied on: after an answer, nothing appears that is
    /// older than its `responseDateTime`.
    pub const VERSION: &str = "driftless-version";
    /// Which log an answer is from: another one after a backup was restored.
    pub const LOG: &str = "driftless-log";
}

/// Ends the message of code 2 if a later page is asked for of a window that is no longer known.
pub const BEGIN_AGAIN: &str = "begin again with page 1";

/// Members of answers, besides those of records.
pub mod answer {
    /// `SUCCESS` or `FAIL`.
    pub const RESULT: &str = "operationResult";
    /// A text about what was done.
    pub const MESSAGE: &str = "responseMessage";
    /// When the server answered, by its own clock.
    pub const RESPONDED: &str = "responseDateTime";
    /// Why it refused: an object with the list [`ERROR`].
    pub const ERRORS: &str = "errors";
    /// The list in [`ERRORS`].
    pub const ERROR: &str = "error";
    /// Of an error: its [code](crate::code), as text.
    pub const ERROR_CODE: &str = "errorCode";
    /// Of an error: its text.
    pub const ERROR_MESSAGE: &str = "errorMessage";
    /// Which page it is, and of how much.
    pub const PAGE: &str = "page";
    /// Of [`PAGE`]: its number, from 1.
    pub const PAGE_NUMBER: &str = "currentPage";
    /// Of [`PAGE`]: records on each page but the last.
    pub const PAGE_SIZE: &str = "pageSize";
    /// Of [`PAGE`]: how many there are.
    pub const PAGES: &str = "totalPage";
    /// Of [`PAGE`]: records on all pages.
    pub const RESULTS: &str = "totalResults";
    /// The records: an object with the list [`ACTIVITY`].
    pub const ACTIVITIES: &str = "activities";
    /// The list in [`ACTIVITIES`], or the one record of a retrieval.
    pub const ACTIVITY: &str = "activity";
    /// The ids of removed activities: an object with a list that is named like a record's id.
    pub const REMOVED: &str = "deletedActivityIdList";
}

/// The root members of answers.
pub mod root {
    /// Of [`method::LOGIN`](crate::method::LOGIN).
    pub const LOGIN: &str = "loginResponse";
    /// Of [`method::SYNC`](crate::method::SYNC).
    pub const SYNC: &str = "syncActivitiesResponse";
    /// Of `account/listActivities`, which only the vendor serves.
    pub const LIST: &str = "listActivitiesResponse";
    /// Of [`method::RETRIEVE`](crate::method::RETRIEVE).
    pub const RETRIEVE: &str = "retrieveActivityResponse";
    /// Of [`method::DIGEST`](crate::method::DIGEST).
    pub const DIGEST: &str = "digestActivitiesResponse";
}

/// Parameters of requests.
pub mod parameter {
    /// The session, with every method but the login. The login's answer has a member of this name.
    pub const SESSION: &str = "userSessionId";
    /// Of the login: the key.
    pub const LOGIN_KEY: &str = "login.apiKey";
    /// Of the login: the organization.
    pub const LOGIN_ORG: &str = "login.orgid";
    /// The lower bound of the last change, inclusive.
    pub const FROM: &str = "syncActivityTimeFrom";
    /// The upper bound, inclusive.
    pub const TO: &str = "syncActivityTimeTo";
    /// Ids to ask about; once for each.
    pub const IDS: &str = "activityIds.activityId";
    /// Whether the ids of removed activities are left out.
    pub const IGNORE_DELETED: &str = "ignoreDeletedIdList";
    /// The page, from 1.
    pub const PAGE: &str = "page.currentPage";
    /// Records on a page.
    pub const PAGE_SIZE: &str = "page.pageSize";
    /// The member to sort by.
    pub const SORT_COLUMN: &str = "page.sortColumn";
    /// `ASC` or `DESC`.
    pub const SORT_DIRECTION: &str = "page.sortDirection";
    /// Of an activity that is retrieved or removed.
    pub const ID: &str = "activityId";
    /// Of a digest: the first id.
    pub const DIGEST_FROM: &str = "fromActivityId";
    /// Of a digest: the last id.
    pub const DIGEST_TO: &str = "toActivityId";
    /// Of a digest: into how many parts the ids are divided.
    pub const DIGEST_PARTS: &str = "parts";
    /// Of a digest: the instant as of which it is.
    pub const DIGEST_AS_OF: &str = "asOfDateTime";
}

/// Codes of errors. Those up to 5, 10200, 10201, 10240 and 10242 are the vendor's; 10 to 21 those of its second
/// API, whose numbering goes on where the first one's ends; 10202 to 10208 are Driftless's, since the vendor's
/// are not known.
pub mod code {
    /// A malformed value or request, or a failure.
    pub const SYSTEM: u32 = 1;
    /// Not available now.
    pub const UNAVAILABLE: u32 = 2;
    /// The session is missing.
    pub const SESSION_REQUIRED: u32 = 3;
    /// The session has ended, or never was.
    pub const SESSION_INVALID: u32 = 4;
    /// The user may not do that.
    pub const PERMISSION_DENIED: u32 = 5;
    /// The login has no key.
    pub const KEY_REQUIRED: u32 = 10;
    /// The login has no organization.
    pub const ORG_REQUIRED: u32 = 12;
    /// The key is wrong.
    pub const KEY_INVALID: u32 = 13;
    /// The organization is wrong.
    pub const ORG_INVALID: u32 = 14;
    /// No such column to sort by.
    pub const SORT_COLUMN_INVALID: u32 = 21;
    /// The activity's id is missing.
    pub const ID_REQUIRED: u32 = 10_200;
    /// There is no such activity.
    pub const ID_INVALID: u32 = 10_201;
    /// An activity needs a subject.
    pub const SUBJECT_REQUIRED: u32 = 10_202;
    /// An activity needs a start.
    pub const START_REQUIRED: u32 = 10_203;
    /// An activity needs an account.
    pub const CLIENT_REQUIRED: u32 = 10_204;
    /// An activity needs a status.
    pub const STATUS_REQUIRED: u32 = 10_205;
    /// An activity needs a priority.
    pub const PRIORITY_REQUIRED: u32 = 10_206;
    /// The status is unknown.
    pub const STATUS_INVALID: u32 = 10_207;
    /// The status is retired.
    pub const STATUS_RETIRED: u32 = 10_208;
    /// From is after To.
    pub const FROM_AFTER_TO: u32 = 10_240;
    /// There is neither a From nor an id.
    pub const RANGE_OR_ID_REQUIRED: u32 = 10_242;
}

/// The members of a record in their order, and what a table has in addition.
pub mod member {
    /// Created: when.
    pub const CREATED: &str = "createdDateTime";
    /// Created: by whom.
    pub const CREATED_BY: &str = "createdBy";
    /// Last changed: when.
    pub const MODIFIED: &str = "lastModifiedDateTime";
    /// Last changed: by whom.
    pub const MODIFIED_BY: &str = "lastModifiedBy";
    /// The id.
    pub const ID: &str = "activityId";
    /// The subject.
    pub const SUBJECT: &str = "subject";
    /// The note.
    pub const NOTE: &str = "note";
    /// The start.
    pub const START: &str = "startDateTime";
    /// The end.
    pub const END: &str = "endDateTime";
    /// The account.
    pub const CLIENT: &str = "clientId";
    /// The user who is responsible.
    pub const SYSTEM_USER: &str = "systemUserId";
    /// The status: an object with `id` and `name`.
    pub const STATUS: &str = "activityStatus";
    /// The status's id, as columns and parameters name it.
    pub const STATUS_ID: &str = "activityStatus.id";
    /// The status's name, as columns and parameters name it.
    pub const STATUS_NAME: &str = "activityStatus.name";
    /// The priority.
    pub const PRIORITY: &str = "activityPriority";
    /// The custom fields.
    pub const CUSTOM_FIELDS: &str = "customFieldDataList";
}

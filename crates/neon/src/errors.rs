//! The error codes, in one table, with the texts that old clients may compare.

use std::borrow::Cow;

use api_v1::{BEGIN_AGAIN, code};
use service::{AskError, LoginError, NoRoom, Refusal};

/// One entry of `errors.error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: u32,
    pub(crate) message: Cow<'static, str>,
}

/// Errors with the texts of the vendor, as far as they are known.
macro_rules! errors {
    ($($name:ident = $code:ident $text:literal;)*) => {
        impl ApiError {
            $(pub(crate) const $name: ApiError = ApiError { code: code::$code, message: Cow::Borrowed($text) };)*
        }
    };
}

errors! {
    SYSTEM = SYSTEM "Unexpected System error occured.";
    UNAVAILABLE = UNAVAILABLE "Service is not available";
    SESSION_REQUIRED = SESSION_REQUIRED "User session ID is required";
    SESSION_INVALID = SESSION_INVALID "User session id is invalid.";
    PERMISSION_DENIED = PERMISSION_DENIED "Permission denied.";
    KEY_REQUIRED = KEY_REQUIRED "Api key is required.";
    ORG_REQUIRED = ORG_REQUIRED "OrgId is required.";
    KEY_INVALID = KEY_INVALID "Api key is invalid.";
    ORG_INVALID = ORG_INVALID "OrgId is invalid.";
    SORT_COLUMN_INVALID = SORT_COLUMN_INVALID "Search sort column is invalid.";
    ID_REQUIRED = ID_REQUIRED "Activity ID is required";
    ID_REQUIRED_TO_RETRIEVE = ID_REQUIRED "Activity id is required";
    ID_INVALID = ID_INVALID "Activity ID is invalid";
    SUBJECT_REQUIRED = SUBJECT_REQUIRED "Activity subject is required.";
    START_REQUIRED = START_REQUIRED "Activity start date time is required.";
    CLIENT_REQUIRED = CLIENT_REQUIRED "Activity client id is required.";
    STATUS_REQUIRED = STATUS_REQUIRED "Activity status is required.";
    PRIORITY_REQUIRED = PRIORITY_REQUIRED "Activity priority is required.";
    STATUS_INVALID = STATUS_INVALID "Activity status is invalid.";
    STATUS_RETIRED = STATUS_RETIRED "Activity status is retired.";
    FROM_AFTER_TO = FROM_AFTER_TO "Synchronized “from” date cannot be after synchronized “to” date.";
    RANGE_OR_ID_REQUIRED = RANGE_OR_ID_REQUIRED "Date range or activity id is required.";
}

/// How much of a bad value is shown back.
const SHOWN_CHARS_MAX: usize = 80;

impl ApiError {
    /// A value that is not what it should be: names the parameter, what came and what is expected.
    pub(crate) fn malformed(parameter: &str, came: &str, expected: &str) -> ApiError {
        let (parameter, came) = (shown(parameter), shown(came));
        ApiError::SYSTEM.because(&format!("{parameter} is {came:?}, expected {expected}"))
    }

    /// A request that is wrong as a whole.
    pub(crate) fn bad_request(problem: &str) -> ApiError {
        ApiError::SYSTEM.because(problem)
    }

    /// Something that may pass.
    pub(crate) fn unavailable(reason: &str) -> ApiError {
        let ApiError { code, message } = ApiError::UNAVAILABLE;
        ApiError { code, message: format!("{message}: {reason}").into() }
    }

    /// The fixed text, a blank, and what is behind it.
    fn because(self, reason: &str) -> ApiError {
        ApiError { code: self.code, message: format!("{} {reason}", self.message).into() }
    }
}

/// The beginning of what a request brought.
fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        match &refusal {
            Refusal::PermissionDenied => ApiError::PERMISSION_DENIED,
            Refusal::ReadOnly(_) => ApiError::PERMISSION_DENIED.because(&refusal.to_string()),
            Refusal::UnknownActivity(_)
            | Refusal::UnknownVersion(_)
            | Refusal::Outdated(_)
            | Refusal::Removed(_)
            | Refusal::NewerHere(_)
            | Refusal::Conflict(..) => ApiError::ID_INVALID,
            Refusal::UnknownStatus(_) | Refusal::UnclearStatus { .. } => {
                ApiError::STATUS_INVALID.because(&refusal.to_string())
            }
            Refusal::RetiredStatus(_) => ApiError::STATUS_RETIRED.because(&refusal.to_string()),
            Refusal::TooManyCustomFields { .. }
            | Refusal::IdsExhausted(_)
            | Refusal::Damaged(_) => ApiError::bad_request(&refusal.to_string()),
            Refusal::Unavailable(reason) => ApiError::unavailable(reason),
        }
    }
}

impl From<NoRoom> for ApiError {
    fn from(why: NoRoom) -> ApiError {
        ApiError::unavailable(&why.to_string())
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> ApiError {
        let is_over = error.is_over();
        let text = error.to_string();
        ApiError::unavailable(&if is_over { format!("{text}: {BEGIN_AGAIN}") } else { text })
    }
}

/// Why a key is no good is for the log, not for whoever has it.
impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> ApiError {
        match error {
            LoginError::UnknownOrganization => ApiError::ORG_INVALID,
            LoginError::UnknownKey | LoginError::RevokedKey | LoginError::DisabledUser => {
                ApiError::KEY_INVALID
            }
            LoginError::Unavailable(reason) => ApiError::unavailable(&reason),
        }
    }
}

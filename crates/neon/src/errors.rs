//! The error codes, in one table, with the texts that old clients may compare.

use std::borrow::Cow;

use service::{AskError, LoginError, Refusal};

/// One entry of `errors.error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: u32,
    pub(crate) message: Cow<'static, str>,
}

/// Codes 1 to 5, and 10200, 10201, 10240, 10242 are the vendor's, and so are their texts. 10 to 21
/// are those of its second API, whose numbering goes on where the first one's ends. 10202 to 10208
/// are ours: the vendor's are not known.
macro_rules! errors {
    ($($name:ident = $code:literal $text:literal;)*) => {
        impl ApiError {
            $(pub(crate) const $name: ApiError = ApiError { code: $code, message: Cow::Borrowed($text) };)*
        }
    };
}

errors! {
    SYSTEM = 1 "Unexpected System error occured.";
    UNAVAILABLE = 2 "Service is not available";
    SESSION_REQUIRED = 3 "User session ID is required";
    SESSION_INVALID = 4 "User session id is invalid.";
    PERMISSION_DENIED = 5 "Permission denied.";
    KEY_REQUIRED = 10 "Api key is required.";
    ORG_REQUIRED = 12 "OrgId is required.";
    KEY_INVALID = 13 "Api key is invalid.";
    ORG_INVALID = 14 "OrgId is invalid.";
    SORT_COLUMN_INVALID = 21 "Search sort column is invalid.";
    ID_REQUIRED = 10200 "Activity ID is required";
    ID_REQUIRED_TO_RETRIEVE = 10200 "Activity id is required";
    ID_INVALID = 10201 "Activity ID is invalid";
    SUBJECT_REQUIRED = 10202 "Activity subject is required.";
    START_REQUIRED = 10203 "Activity start date time is required.";
    CLIENT_REQUIRED = 10204 "Activity client id is required.";
    STATUS_REQUIRED = 10205 "Activity status is required.";
    PRIORITY_REQUIRED = 10206 "Activity priority is required.";
    STATUS_INVALID = 10207 "Activity status is invalid.";
    STATUS_RETIRED = 10208 "Activity status is retired.";
    FROM_AFTER_TO = 10240 "Synchronized “from” date cannot be after synchronized “to” date.";
    RANGE_OR_ID_REQUIRED = 10242 "Date range or activity id is required.";
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

impl From<AskError> for ApiError {
    fn from(error: AskError) -> ApiError {
        ApiError::unavailable(&error.to_string())
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

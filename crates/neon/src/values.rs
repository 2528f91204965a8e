//! The values: what a parameter's text may be. Whatever it is not is answered with the parameter's
//! name, what came, and what is expected.

use domain::{ActivityId, Moment, MomentError, Stamp};

use crate::errors::ApiError;
use crate::params::Params;

const TIME: &str = "a time with an offset, like 2014-01-10T15:50:28.153+08:00";
const WHOLE: &str = "a whole number of at most 18 digits";

/// A plus that was sent unescaped has become a blank on its way, as in every example of the vendor's
/// pages; between a time and an offset it can have been nothing else.
fn time<T>(
    name: &'static str,
    text: &str,
    parse: fn(&str) -> Result<T, MomentError>,
) -> Result<T, ApiError> {
    parse(&text.replacen(' ', "+", 1)).map_err(|error| match error {
        MomentError::NoTime => ApiError::malformed(name, text, TIME),
        MomentError::Beyond => {
            let [first, last] = [Stamp::MIN, Stamp::MAX].map(|stamp| stamp.at_offset(0));
            ApiError::malformed(name, text, &format!("a time from {first} to {last}"))
        }
    })
}

/// Reads a time that is kept as it came, to the millisecond.
pub(crate) fn moment(name: &'static str, text: &str) -> Result<Moment, ApiError> {
    time(name, text, Moment::parse)
}

/// Reads an optional instant that is a lower bound: what is finer than milliseconds is cut.
pub(crate) fn from(params: &Params<'_>, name: &'static str) -> Result<Option<Stamp>, ApiError> {
    params.value(name).map(|text| time(name, text, Moment::lower_bound)).transpose()
}

/// Reads an optional instant that is an upper bound: what is finer than milliseconds is raised.
pub(crate) fn to(params: &Params<'_>, name: &'static str) -> Result<Option<Stamp>, ApiError> {
    params.value(name).map(|text| time(name, text, Moment::upper_bound)).transpose()
}

/// Reads a whole number.
pub(crate) fn whole(name: &'static str, text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| ApiError::malformed(name, text, WHOLE))
}

/// Reads an optional whole number.
pub(crate) fn optional_whole(
    params: &Params<'_>,
    name: &'static str,
) -> Result<Option<i64>, ApiError> {
    params.value(name).map(|text| whole(name, text)).transpose()
}

/// Reads an id of a client or system user.
pub(crate) fn positive(name: &'static str, text: &str) -> Result<i64, ApiError> {
    let number = text.parse().ok().filter(|number| (1..=domain::ID_MAX).contains(number));
    number.ok_or_else(|| {
        ApiError::malformed(name, text, &format!("a whole number from 1 to {}", domain::ID_MAX))
    })
}

/// Reads an optional switch; absent or empty means off.
pub(crate) fn switch(params: &Params<'_>, name: &'static str) -> Result<bool, ApiError> {
    let Some(text) = params.value(name) else { return Ok(false) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(ApiError::malformed(name, text, "true or false")),
    }
}

/// Reads the id of the activity that a request is about.
pub(crate) fn activity_id(
    params: &Params<'_>,
    name: &'static str,
    missing: ApiError,
) -> Result<ActivityId, ApiError> {
    optional_whole(params, name)?.map(ActivityId).ok_or(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_in_the_place_of_a_plus_is_one() {
        let read = |text| moment("from", text).map(|moment| moment.to_string());
        let expected = Ok("2014-01-11T11:44:37.048+08:00".to_owned());
        assert_eq!(read("2014-01-11T11:44:37.048 08:00"), expected);
        assert_eq!(read("2014-01-11T11:44:37.048 0800"), expected);
        let beyond = read("9999-12-31T00:00:00Z").unwrap_err();
        assert_eq!(
            beyond.message,
            "Unexpected System error occured. from is \"9999-12-31T00:00:00Z\", expected a time from 0001-01-02T00:00:00.000+00:00 to 9999-12-29T23:59:59.999+00:00"
        );
        let refused = read("noon").unwrap_err();
        assert_eq!(refused.code, 1);
        assert_eq!(
            refused.message,
            "Unexpected System error occured. from is \"noon\", expected a time with an offset, like 2014-01-10T15:50:28.153+08:00"
        );
    }

    #[test]
    fn switches_are_words_or_digits() {
        let read = |query: &str| {
            switch(&Params::parse(query.as_bytes(), b"").unwrap(), "ignoreDeletedIdList")
        };
        assert_eq!(read("ignoreDeletedIdList=TRUE"), Ok(true));
        assert_eq!(read("ignoredeletedidlist=0"), Ok(false));
        assert_eq!(read("ignoredeletedidlist="), Ok(false));
        assert_eq!(read(""), Ok(false));
        assert!(read("ignoreDeletedIdList=perhaps").is_err());
    }
}

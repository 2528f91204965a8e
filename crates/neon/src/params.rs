//! The parameter grammar: query and form merged, names in any case, lists by repetition.
//!
//! Frameworks write members and lists with brackets, and count the elements: `page[pageSize]`, `ids[]`,
//! `ids[0]`, `ids.0`. Such names are brought into the manual's spelling, `page.pageSize` and `ids`, as they
//! come in.

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::percent_decode;

use crate::errors::ApiError;

/// The parameters of one request, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Params<'a> {
    /// Name and value, copied only where they were escaped, or the name is spelled in another way.
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The numbers that stood in names, with the places of those in `pairs`, ascending.
    numbers: Vec<(usize, String)>,
    /// Whether something that came is not UTF-8.
    is_broken: bool,
}

/// Stands for bytes that are not UTF-8; the decoder puts it where they were.
const NOT_UTF8: char = '\u{FFFD}';

/// Few requests have more.
const USUAL_MAX: usize = 16;

/// No group has more members than this; what comes behind begins another.
const GROUP_MEMBERS_MAX: usize = 16;

impl<'a> Params<'a> {
    /// Decodes a query and a form. Stray separators, blanks around names, and names without `=` are
    /// what hand-made requests look like.
    ///
    /// # Errors
    /// When there are more parameters than anybody needs; in words.
    pub(crate) fn parse(query: &'a [u8], form: &'a [u8]) -> Result<Params<'a>, String> {
        let given = form_urlencoded::parse(query).chain(form_urlencoded::parse(form));
        let (mut pairs, mut numbers) = (Vec::with_capacity(USUAL_MAX), Vec::new());
        let mut has_sign = false;
        for (mut name, value) in given {
            // What was not decoded was text before.
            has_sign |= matches!(value, Cow::Owned(_)) && value.contains(NOT_UTF8);
            let mut numbered = None;
            if is_spelled_otherwise(&name) {
                let (spelled, number) = spell(&name);
                numbered = number.map(|number| (pairs.len(), number));
                name = spelled.into();
            }
            if name.trim().is_empty() {
                continue;
            }
            if pairs.len() == crate::PARAMETERS_MAX {
                let max = crate::PARAMETERS_MAX;
                return Err(format!("the request has more than {max} parameters"));
            }
            numbers.extend(numbered);
            pairs.push((name, value));
        }
        let is_broken = has_sign && [query, form].into_iter().any(|raw| !is_utf8(raw));
        Ok(Params { pairs, numbers, is_broken })
    }

    /// All parameters with something in them: names and values, without blanks around them.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        let trimmed = self.pairs.iter().map(|(name, value)| (name.trim(), value.trim()));
        trimmed.filter(|(_, value)| !value.is_empty())
    }

    /// All values of a parameter, as they came.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named =
            self.pairs.iter().filter(move |(given, _)| given.trim().eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_ref())
    }

    /// The value of a parameter that stands once, without blanks around it; none where it is absent
    /// or empty. Where it stands more than once, the last one with a value counts.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.all(name).map(str::trim).filter(|value| !value.is_empty()).last()
    }

    /// Whether a parameter was named at all, be it with an empty value.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The value of a text, as it came: blanks in it are the writer's. As everywhere, the last one
    /// with a value counts, and nothing but blanks is none where another stands beside it.
    ///
    /// # Errors
    /// When it is not UTF-8: what cannot be read must not be stored.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let filled = self.all(name).filter(|text| !text.trim().is_empty()).last();
        match filled.or_else(|| self.all(name).last()) {
            Some(text) => self.readable(name, text).map(Some),
            None => Ok(None),
        }
    }

    /// A list of groups: parameters `prefix.member`. Those with the same number in their names belong
    /// together; of those without one, a new group begins when a member comes again.
    ///
    /// # Errors
    /// When a value is not UTF-8.
    pub(crate) fn groups(&self, prefix: &'static str) -> Result<Vec<Group<'_>>, ApiError> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut numbered: HashMap<&str, usize> = HashMap::new();
        for (place, (name, value)) in self.pairs.iter().enumerate() {
            let Some(member) = member_of(prefix, name.trim()) else { continue };
            let value = self.readable(prefix, value)?;
            let number = self.number_at(place);
            let at = match number {
                Some(number) => numbered.get(number).copied(),
                None => groups.len().checked_sub(1),
            };
            match at.and_then(|at| groups.get_mut(at)) {
                Some(group) if group.takes(member) => group.0.push((member, value)),
                _ => {
                    numbered.extend(number.map(|number| (number, groups.len())));
                    groups.push(Group(vec![(member, value)]));
                }
            }
        }
        Ok(groups)
    }

    /// A text that may be stored. The sign that stands for bytes which are not UTF-8 may be the writer's.
    fn readable<'t>(&self, name: &str, text: &'t str) -> Result<&'t str, ApiError> {
        if self.is_broken && text.contains(NOT_UTF8) {
            return Err(ApiError::malformed(name, text, "text in UTF-8"));
        }
        Ok(text)
    }

    /// The number that stood in the name at that place.
    fn number_at(&self, place: usize) -> Option<&str> {
        let at = self.numbers.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        Some(&self.numbers[at].1)
    }
}

fn is_utf8(raw: &[u8]) -> bool {
    percent_decode(raw).decode_utf8().is_ok()
}

/// Whether a name has brackets, or a number, of which the manual has none.
fn is_spelled_otherwise(name: &str) -> bool {
    // Without a branch, so that many bytes are looked at in one step.
    name.bytes().fold(false, |has, byte| has | (byte == b'[') | byte.is_ascii_digit())
}

/// The name in the manual's spelling, and the numbers that stood in it.
fn spell(name: &str) -> (String, Option<String>) {
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.split(['.', '[', ']']).map(str::trim).filter(|part| !part.is_empty());
    let (numbers, members): (Vec<&str>, Vec<&str>) = parts.partition(is_number);
    (members.join("."), (!numbers.is_empty()).then(|| numbers.join(".")))
}

/// What stands behind the prefix and a dot.
fn member_of<'n>(prefix: &str, name: &'n str) -> Option<&'n str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    if start.eq_ignore_ascii_case(prefix) { rest.strip_prefix('.') } else { None }
}

/// One group of a list of groups.
#[derive(Debug)]
pub(crate) struct Group<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Group<'a> {
    /// Whether a member belongs to it, and not to the next.
    fn takes(&self, member: &str) -> bool {
        self.0.len() < GROUP_MEMBERS_MAX && self.value(member).is_none()
    }

    /// A member's value, which may be empty.
    pub(crate) fn value(&self, member: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(member)).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params(query: &str) -> Params<'_> {
        Params::parse(query.as_bytes(), b"").unwrap()
    }

    #[track_caller]
    fn check(query: &str, name: &str, expected: Option<&str>) {
        assert_eq!(params(query).value(name), expected, "{query}");
    }

    #[test]
    fn names_are_matched_in_any_case_and_junk_around_them_is_ignored() {
        check("userSessionId=a", "usersessionid", Some("a"));
        check("&USERSESSIONID=a&&x=y&", "usersessionid", Some("a"));
        check("userSessionId%20= a ", "usersessionid", Some("a"));
        check("page.pageSize", "page.pagesize", None);
        check("page.pageSize=", "page.pagesize", None);
        check("page.pageSize=5&page.pageSize=", "page.pagesize", Some("5"));
        check("page.pageSize=5&page.pageSize=6", "page.pagesize", Some("6"));
        check("from=2014-01-11T11:44:37.048+08:00", "from", Some("2014-01-11T11:44:37.048 08:00"));
        check("from=2014%2B08%3A00", "from", Some("2014+08:00"));
    }

    #[test]
    fn a_text_keeps_its_blanks_and_gives_way_to_none_that_is_blank() {
        let text = |query: &str| params(query).text("note").map(|text| text.map(str::to_owned));
        for (query, expected) in [
            ("note=+x+", " x "),
            ("note=++", "  "),
            ("note=x&note=", "x"),
            ("note=x&note=++", "x"),
            ("note=x&note=y", "y"),
            ("note=+&note=", ""),
        ] {
            assert_eq!(text(query), Ok(Some(expected.to_owned())), "{query}");
        }
        assert_eq!(text("x=note"), Ok(None));
    }

    #[test]
    fn query_and_form_are_one() {
        let params = Params::parse(b"a=1&b=2", b"b=3&c=4").unwrap();
        let values = ["a", "b", "c"].map(|name| params.value(name));
        assert_eq!(values, [Some("1"), Some("3"), Some("4")]);
        assert_eq!(params.all("b").collect::<Vec<_>>(), ["2", "3"]);
    }

    #[test]
    fn a_group_begins_when_a_member_comes_again() {
        let params = params(
            "l.d.fieldId=1&L.D.fieldOptionId=&l.d.fieldValue=x&l.d.fieldId=2&l.d.fieldValue=",
        );
        let groups = params.groups("l.d").unwrap();
        let seen: Vec<_> = groups
            .iter()
            .map(|group| {
                ["fieldid", "fieldoptionid", "fieldvalue"].map(|member| group.value(member))
            })
            .collect();
        assert_eq!(seen, [[Some("1"), Some(""), Some("x")], [Some("2"), None, Some("")]]);
    }

    #[test]
    fn brackets_and_numbers_are_another_spelling() {
        for (query, name) in [
            ("a[b][0]=1", "a.b"),
            ("A%5BB%5D%5B%5D=1", "a.b"),
            ("a[0].b[1]=1", "a.b"),
            ("a.0.b=1", "a.b"),
            ("a[b=1", "a.b"),
            ("+a[+b+]+=1", "a.b"),
            ("a]=1", "a]"),
            ("a[b2]=1", "a.b2"),
            ("a[-1]=1", "a.-1"),
            ("a..b=1", "a..b"),
        ] {
            check(query, name, Some("1"));
        }
        assert_eq!(params("[0]=1&7=2&[]=3").filled().count(), 0, "none of them has a name");
    }

    #[test]
    fn a_group_is_what_has_the_same_number() {
        let params = params("l[1].b=x&l[0].a=1&l[1].a=2&l.a=3&l[0].a=4&l.b=y&l[].a=5");
        let groups = params.groups("l").unwrap();
        let seen: Vec<_> = groups.iter().map(|g| ["a", "b"].map(|name| g.value(name))).collect();
        let expected = [
            [Some("2"), Some("x")],
            [Some("1"), None],
            [Some("3"), None],
            [Some("4"), Some("y")],
            [Some("5"), None],
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_not_utf8_is_not_stored() {
        assert!(params("activity.note=%FF").text("activity.note").is_err());
        assert_eq!(params("activity.note=%C3%A9").text("activity.note").unwrap(), Some("é"));
        let sign = "activity.note=%EF%BF%BD";
        assert_eq!(params(sign).text("activity.note").unwrap(), Some("\u{FFFD}"));
        assert!(params(&format!("{sign}%FF")).text("activity.note").is_err());
    }

    #[test]
    fn too_many_parameters_are_refused() {
        let query = "a=b&".repeat(crate::PARAMETERS_MAX);
        assert!(Params::parse(query.as_bytes(), b"").is_ok());
        assert!(Params::parse(query.as_bytes(), b"a=b").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_parameters(query: Vec<u8>, form: Vec<u8>) {
            let params = Params::parse(&query, &form).unwrap();
            let _ = params.value("usersessionid");
            let _ = params.groups("activity.customFieldDataList.customFieldData");
        }
    }
}

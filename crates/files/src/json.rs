//! JSON: records, and the vendor's answers that hold records.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use api_v1::{answer as says, member, root};
use domain::{Imported, Member, Members, Moment};
use serde_json::value::RawValue;

use super::Intake;
use super::answer::{AnswerHead, Told, Unreadable};
use super::column::{COLUMN_COUNT, NAMES};
use super::fields::Fields;
use super::object::{elements, is_empty, members, message};
use super::problem::{Fault, Place, Problems, newlines, shown};
use super::stretch::{Stretches, VALUE_BYTES_MAX};
use super::value::{self, Form};

/// Reads a file whose first `line - 1` lines were blank.
pub(super) fn read(source: &mut dyn BufRead, line: u64, intake: &mut Intake<'_>) -> io::Result<()> {
    let mut stretches = Stretches::new(source, line);
    while stretches.advance()? {
        if read_stretch(&stretches.text, stretches.first_line, intake).is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads whole values that begin on this line.
pub(super) fn read_stretch(
    bytes: &[u8],
    first_line: u64,
    intake: &mut Intake<'_>,
) -> ControlFlow<()> {
    match str::from_utf8(bytes) {
        Ok(text) => Stretch { place: Place { text, first_line }, intake }.read(),
        Err(error) => {
            let line = first_line + newlines(&bytes[..error.valid_up_to()]);
            intake.problems.add(|| line, Fault::Encoding);
            ControlFlow::Break(())
        }
    }
}

/// One stretch of the file, and where its records go.
struct Stretch<'s, 'a, 'e> {
    place: Place<'a>,
    intake: &'s mut Intake<'e>,
}

impl<'a> Stretch<'_, 'a, '_> {
    fn read(&mut self) -> ControlFlow<()> {
        let text = self.place.text;
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        while let Some(value) = values.next() {
            match value {
                Ok(value) => self.outermost(value.get())?,
                Err(error) => {
                    self.broken(&text[values.byte_offset()..], &error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// A record, an answer, or an array of those.
    fn outermost(&mut self, value: &'a str) -> ControlFlow<()> {
        if !value.starts_with('[') {
            return self.record_or_answer(value);
        }
        self.list("the array", value).into_iter().try_for_each(|value| self.record_or_answer(value))
    }

    fn record_or_answer(&mut self, value: &'a str) -> ControlFlow<()> {
        let ignored = &mut self.intake.summary.ignored;
        let mut answers = Vec::new();
        let mut other = |name: &str, value: &'a str| {
            if name.ends_with("Response") {
                answers.push((name.to_owned(), value));
            } else {
                ignored.add(name);
            }
        };
        let values = members(value, &NAMES, &mut other);
        if answers.is_empty() {
            return self.take(value, values);
        }
        answers.iter().try_for_each(|(root, answer)| self.answer(root, answer))
    }

    fn record(&mut self, value: &'a str) -> ControlFlow<()> {
        let ignored = &mut self.intake.summary.ignored;
        let values = members(value, &NAMES, &mut |name, _| ignored.add(name));
        self.take(value, values)
    }

    fn take(
        &mut self,
        whole: &'a str,
        values: Result<[Option<&'a str>; NAMES.len()], serde_json::Error>,
    ) -> ControlFlow<()> {
        let values: [Option<&str>; COLUMN_COUNT] = match values {
            Ok(members) => std::array::from_fn(|at| members.get(at).copied().flatten()),
            Err(error) => {
                let fault = Fault::object("the record", whole, &error, "an object");
                return self.note(whole, fault);
            }
        };
        let mut own = Problems::default();
        let is_set_aside = self.intake.aside.is_some();
        let fields = Fields {
            form: Form::Json,
            place: self.place,
            whole,
            values,
            members: Members::NONE,
            foreign: None,
            cells: None,
            problems: if is_set_aside { &mut own } else { &mut self.intake.problems },
            ignored: &mut self.intake.summary.ignored,
        };
        let read = fields.read(self.intake.reading.now);
        if let (Some(aside), Some(problem)) = (&mut self.intake.aside, own.in_one_line()) {
            let member = |member: Member| Form::Json.text(values[member as usize]?);
            aside(Unreadable {
                id: member(Member::Id).and_then(|text| (value::ID.parse)(&text).ok()),
                stamp: member(Member::Modified).and_then(|text| Moment::lower_bound(&text).ok()),
                record: whole.to_owned(),
                problem,
            });
            return ControlFlow::Continue(());
        }
        match read {
            Some(imported) => self.intake.take(imported),
            None => ControlFlow::Continue(()),
        }
    }

    fn answer(&mut self, root: &str, answer: &'a str) -> ControlFlow<()> {
        let Some(root) =
            [root::SYNC, root::LIST, root::RETRIEVE].into_iter().find(|&known| known == root)
        else {
            return self.note(answer, Fault::Answer(shown(root)));
        };
        // The last two are known and say nothing of an activity.
        let [result, errors, activities, activity, deleted, page, responded, ..] = self.object(
            root,
            answer,
            &[
                says::RESULT,
                says::ERRORS,
                says::ACTIVITIES,
                says::ACTIVITY,
                says::REMOVED,
                says::PAGE,
                says::RESPONDED,
                says::MESSAGE,
                "searchResults",
            ],
        );
        self.intake.head = Some(AnswerHead::of(&Told { result, errors, responded, page }));
        if result.is_some_and(|result| result != r#""SUCCESS""#) {
            let errors = error_texts(errors.or(result).unwrap_or_default());
            return self.note(answer, Fault::Failed { root: root.to_owned(), errors });
        }
        if root == root::RETRIEVE {
            return match activity {
                Some(activity) => self.record(activity),
                None => self.note(answer, Fault::Missing(says::ACTIVITY)),
            };
        }
        let before = self.intake.summary.records;
        self.activities(answer, activities)?;
        self.page(root, page, before);
        self.deleted(deleted)
    }

    /// Remembers which page the answer is; what it says of that in no known way is as good as absent.
    fn page(&mut self, root: &'static str, page: Option<&'a str>, records_before: u64) {
        const NAMES: [&str; 3] = [says::PAGE_NUMBER, says::PAGES, says::RESULTS];
        let told = members(page.unwrap_or("null"), &NAMES, &mut |_, _| ()).unwrap_or_default();
        let number = |text: &str| Form::Json.text(text)?.trim().parse().ok();
        let summary = &mut self.intake.summary;
        let records = summary.records - records_before;
        summary.pages.add(root, told.map(|told| told.and_then(number)), records);
    }

    fn activities(&mut self, answer: &'a str, activities: Option<&'a str>) -> ControlFlow<()> {
        let Some(activities) = activities else {
            return self.note(answer, Fault::Missing(says::ACTIVITIES));
        };
        let [list] = self.object(says::ACTIVITIES, activities, &[says::ACTIVITY]);
        let records = self.list("activities.activity", list.unwrap_or("null"));
        records.into_iter().try_for_each(|record| self.record(record))
    }

    fn deleted(&mut self, deleted: Option<&'a str>) -> ControlFlow<()> {
        let member = "deletedActivityIdList.activityId";
        let [list] = self.object(says::REMOVED, deleted.unwrap_or("null"), &[member::ID]);
        for id in self.list(member, list.unwrap_or("null")) {
            let text = Form::Json.text(id);
            match text.and_then(|text| (value::ID.parse)(&text).ok()) {
                Some(id) => self.intake.take(Imported::Removed { id, at: None })?,
                None => self.note(id, Fault::value(member, id, value::ID.expected))?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes an object of an answer apart; one that is none has no members.
    fn object<const N: usize>(
        &mut self,
        member: &'static str,
        object: &'a str,
        names: &'static [&'static str; N],
    ) -> [Option<&'a str>; N] {
        if is_empty(object) {
            return [None; N];
        }
        let ignored = &mut self.intake.summary.ignored;
        let mut other = |name: &str, _: &str| ignored.add(&format!("{member}.{name}"));
        members(object, names, &mut other).unwrap_or_else(|error| {
            let _ = self.note(object, Fault::object(member, object, &error, "an object"));
            [None; N]
        })
    }

    fn list(&mut self, member: &'static str, list: &'a str) -> Vec<&'a str> {
        elements(list).unwrap_or_else(|error| {
            let _ = self.note(list, Fault::Object { member, error: message(&error) });
            Vec::new()
        })
    }

    /// Notes a problem, after which the next record can be read.
    fn note(&mut self, at: &'a str, fault: Fault) -> ControlFlow<()> {
        self.intake.problems.add(|| self.place.line_of(at), fault);
        ControlFlow::Continue(())
    }

    /// Notes what ends the file: from `rest` on it is no JSON.
    fn broken(&mut self, rest: &'a str, error: &serde_json::Error) {
        if !error.is_eof() {
            let line = self.place.first_line + (error.line() as u64).saturating_sub(1);
            return self.intake.problems.add(|| line, Fault::Syntax(message(error)));
        }
        let fault = if rest.len() >= VALUE_BYTES_MAX { Fault::TooLarge } else { Fault::CutOff };
        let _ = self.note(rest.trim_start(), fault);
    }
}

/// The texts of an answer's errors; what stands there, where it has another shape.
fn error_texts(errors: &str) -> String {
    let texts = || -> Option<Vec<String>> {
        let [list] = members(errors, &[says::ERROR], &mut |_, _| ()).ok()?;
        elements(list?).ok()?.into_iter().map(error_text).collect()
    };
    texts().map_or_else(|| shown(errors), |texts| texts.join("; "))
}

fn error_text(error: &str) -> Option<String> {
    let [code, text] =
        members(error, &[says::ERROR_CODE, says::ERROR_MESSAGE], &mut |_, _| ()).ok()?;
    let parts = [code, text].into_iter().flatten().filter_map(|part| Form::Json.text(part));
    Some(shown(&parts.collect::<Vec<_>>().join(" ")))
}

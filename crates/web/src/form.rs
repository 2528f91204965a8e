//! The parts of forms: fields with their labels, help texts and error messages.

use axum::http::StatusCode;
use domain::Zone;
use maud::{Markup, html};

use crate::layout::{counted, notice};
use crate::times::from_control;

/// The errors of a form, by field name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrong(Vec<(&'static str, String)>);

impl Wrong {
    /// Returns the value of a field, or notes its error.
    pub(crate) fn check<T, E: ToString>(
        &mut self,
        name: &'static str,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|problem| self.add(name, problem.to_string())).ok()
    }

    /// Notes an error of a field.
    pub(crate) fn add(&mut self, name: &'static str, problem: impl Into<String>) {
        self.0.push((name, problem.into()));
    }

    /// Whether there are no errors.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The HTTP status of the page that shows the form.
    pub(crate) fn status(&self) -> StatusCode {
        if self.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// The message above a form with errors.
    pub(crate) fn notice(&self) -> Markup {
        let fields = match self.0.len() {
            1 => "field".to_owned(),
            count => counted(count as u64, "field", "fields"),
        };
        html! {
            @if !self.is_empty() {
                (notice("bad", &format!("Not saved yet. Please check the {fields} marked below.")))
            }
        }
    }

    /// Whether a field has an error.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.of(name).is_some()
    }

    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(wrong, _)| *wrong == name).map(|(_, problem)| problem.as_str())
    }
}

/// The texts of a field.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Label<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) help: &'a str,
    pub(crate) required: bool,
    /// Whether it has the focus when the page opens, unless another field has an error.
    pub(crate) is_first: bool,
    /// Whether it is one of several conditions of a search, which are not marked as optional.
    pub(crate) is_condition: bool,
}

/// The attributes of a control, apart from its name and value.
pub(crate) struct Control<'a> {
    pub(crate) id: &'a str,
    /// Its `aria-describedby`.
    pub(crate) described: Option<&'a str>,
    /// Its `aria-invalid`.
    pub(crate) invalid: Option<&'static str>,
    /// Whether it has the focus when the page opens, as the first field with an error.
    pub(crate) focus: bool,
}

/// A field: label, control, help and error.
pub(crate) fn field(
    label: Label<'_>,
    wrong: &Wrong,
    control: impl FnOnce(&Control<'_>) -> Markup,
) -> Markup {
    let Label { name, text, help, required, is_first, is_condition } = label;
    let problem = wrong.of(name);
    let (id, help_id, problem_id) = (format!("f-{name}"), format!("h-{name}"), format!("p-{name}"));
    let described = match (help.is_empty(), problem) {
        (true, None) => None,
        (false, None) => Some(help_id.clone()),
        (true, Some(_)) => Some(problem_id.clone()),
        (false, Some(_)) => Some(format!("{problem_id} {help_id}")),
    };
    let focus = wrong.0.first().map_or(is_first, |(first, _)| *first == name);
    let invalid = problem.map(|_| "true");
    let part = Control { id: &id, described: described.as_deref(), invalid, focus };
    html! {
        div.field.wrong[problem.is_some()] {
            label for=(id) { (text) @if !required && !is_condition { " " span.muted { "optional" } } }
            (control(&part))
            @if !help.is_empty() { p.help id=(help_id) { (help) } }
            @if let Some(problem) = problem { p.problem id=(problem_id) { (sentence(text, problem)) } }
        }
    }
}

/// A field with one line. A text that is not a time is shown in a text field, because a time field would drop it.
pub(crate) fn line(label: Label<'_>, kind: &str, value: &str, wrong: &Wrong) -> Markup {
    let is_time = kind == "datetime-local";
    let no_time = is_time && !value.is_empty() && from_control(value, &Zone::utc()).is_none();
    let kind = if no_time { "text" } else { kind };
    let step = (is_time && !no_time).then_some("any");
    // Tells password managers which password is meant.
    let remembered = (kind == "password").then_some(match label.name {
        "current" => "current-password",
        _ => "new-password",
    });
    field(label, wrong, |part| {
        html! {
            input id=(part.id) name=(label.name) type=(kind) value=(value) required[label.required]
                step=[step] autocomplete=[remembered] aria-describedby=[part.described] autofocus[part.focus] aria-invalid=[part.invalid];
        }
    })
}

/// Reads a time zone that was typed.
pub(crate) fn zone_typed(text: &str) -> Result<Zone, &'static str> {
    let unknown = "is not known: choose one from the list, or enter an offset like -05:00";
    Zone::parse(text).map_err(|_| unknown)
}

/// A hidden field. A value with several lines needs a control that keeps them.
pub(crate) fn hidden(name: &str, value: &str) -> Markup {
    html! {
        @if value.contains(['\n', '\r']) {
            // HTML drops the first line break of a text area.
            textarea name=(name) hidden { "\n" (value) }
        } @else {
            input type="hidden" name=(name) value=(value);
        }
    }
}

/// A field for a time zone, with the known ones as suggestions.
pub(crate) fn zone_control(label: Label<'_>, value: &str, wrong: &Wrong) -> Markup {
    field(label, wrong, |part| {
        html! {
            input id=(part.id) name=(label.name) value=(value) list="zones" required[label.required]
                aria-describedby=[part.described] autofocus[part.focus] aria-invalid=[part.invalid];
            datalist #zones { @for name in Zone::names() { option value=(name) {} } }
        }
    })
}

/// A field with options: the value and text of each.
pub(crate) fn choice<'a>(
    label: Label<'_>,
    options: impl IntoIterator<Item = (String, &'a str)>,
    chosen: &str,
    wrong: &Wrong,
) -> Markup {
    field(label, wrong, |part| {
        html! {
            select id=(part.id) name=(label.name) aria-describedby=[part.described] autofocus[part.focus]
                aria-invalid=[part.invalid] {
                (self::options(options, chosen))
            }
        }
    })
}

/// The options of a select control.
pub(crate) fn options<'a>(
    options: impl IntoIterator<Item = (String, &'a str)>,
    chosen: &str,
) -> Markup {
    html! {
        @for (value, text) in options {
            option value=(value) selected[value == chosen] { (text) }
        }
    }
}

/// `Subject must not be empty.` A problem that starts with a capital letter is a sentence of its own.
fn sentence(label: &str, problem: &str) -> String {
    if problem.starts_with(char::is_uppercase) {
        format!("{problem}.")
    } else {
        format!("{label} {problem}.")
    }
}

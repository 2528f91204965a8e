//! How tests name something on a page.

/// Something on a page, named by the words that a person reads or by a selector.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// The text of a link or button; the label of a control, or its field name.
    Words(&'a str),
    /// A CSS selector.
    Css(&'a str),
}

/// Names something by a CSS selector.
pub fn css(selector: &str) -> What<'_> {
    What::Css(selector)
}

impl<'a> From<&'a str> for What<'a> {
    fn from(words: &'a str) -> What<'a> {
        What::Words(words)
    }
}

/// An XPath for a clickable element with this text.
pub(crate) fn clickable(words: &str) -> String {
    let words = literal(words);
    format!(
        "//*[self::a or self::button or self::summary or self::label or self::option or @role='button']\
         [normalize-space(.)={words} or @aria-label={words}]"
    )
}

/// An XPath for a control with this label or name.
pub(crate) fn control(words: &str) -> String {
    let words = literal(words);
    format!(
        "//*[self::input[not(@type='hidden')] or self::select or self::textarea]\
         [@name={words} or @aria-label={words} or @placeholder={words} \
         or @id=//label[normalize-space(.)={words}]/@for \
         or ancestor::label[normalize-space(.)={words} or normalize-space(text())={words}]]"
    )
}

/// An option of a list, by its text or its value.
pub(crate) fn option(words: &str) -> String {
    let words = literal(words);
    format!(".//option[normalize-space(.)={words} or @value={words}]")
}

/// The innermost element that contains this text.
pub(crate) fn with_text(text: &str) -> String {
    let words = literal(text);
    format!("//body//*[contains(normalize-space(.), {words})]")
}

/// A string literal in XPath, which has no escapes.
fn literal(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(", \"'\", "))
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_text_with_both_kinds_of_quotes_stays_one_text() {
        assert_eq!(literal("plain"), "'plain'");
        assert_eq!(literal("a'b\"c"), "concat('a', \"'\", 'b\"c')");
    }
}

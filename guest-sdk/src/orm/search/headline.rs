use super::named;
use super::query::SearchQuery;
use crate::orm::node::{Node, Op};
use crate::orm::operand::Operand;

/// Which parts of a text a headline has, and how they are marked.
///
/// ```
/// use plinth::orm::HeadlineOptions;
///
/// let options = HeadlineOptions::new().marks("<mark>", "</mark>").max_fragments(2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "options do nothing until `headline` takes them"]
pub struct HeadlineOptions {
    /// As Postgres reads them: `MaxWords="20", StartSel="["`.
    text: String,
}

impl HeadlineOptions {
    /// As Postgres does by itself: 15 to 35 words, marked with `<b>` and
    /// `</b>`.
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands before and after each word that was found.
    pub fn marks(self, start: &str, stop: &str) -> Self {
        self.set("StartSel", start).set("StopSel", stop)
    }

    /// How many words it has at most; more than the least.
    pub fn max_words(self, words: u16) -> Self {
        self.set_number("MaxWords", words)
    }

    /// How many words it has at least; fewer than the most.
    pub fn min_words(self, words: u16) -> Self {
        self.set_number("MinWords", words)
    }

    /// How many characters a word has that is left out at either end.
    pub fn short_word(self, characters: u16) -> Self {
        self.set_number("ShortWord", characters)
    }

    /// Gives the whole text, whatever the other numbers are.
    pub fn highlight_all(self) -> Self {
        self.set("HighlightAll", "true")
    }

    /// Gives up to so many parts of the text instead of one.
    pub fn max_fragments(self, fragments: u16) -> Self {
        self.set_number("MaxFragments", fragments)
    }

    /// What stands between parts; at first ` ... `.
    pub fn fragment_delimiter(self, text: &str) -> Self {
        self.set("FragmentDelimiter", text)
    }

    fn set_number(self, name: &str, number: u16) -> Self {
        self.set(name, &number.to_string())
    }

    /// A value in quotes, those in it doubled.
    fn set(mut self, name: &str, value: &str) -> Self {
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
        self.text.push_str(name);
        self.text.push_str("=\"");
        for character in value.chars() {
            if character == '"' {
                self.text.push(character);
            }
            self.text.push(character);
        }
        self.text.push('"');
        self
    }
}

pub(super) fn headline<M>(text: Node, query: SearchQuery<M>, options: &HeadlineOptions) -> Node {
    let config = named(query.first_config());
    let mut operands = vec![config, text, query.into_node()];
    if !options.text.is_empty() {
        operands.push(Operand::value(&options.text).0);
    }
    Node::op(Op::Function("TS_HEADLINE"), operands)
}

//! How texts become words: what has to hold for any text.

use proptest::prelude::*;
use store::{NameFinder, Word, Words, fold, tokens};

fn texts() -> impl Strategy<Value = String> {
    let letters = proptest::sample::select("aBz9ßẞŁøİıÆŉςΣΐé\u{301}\u{308}ﬁ①Ⓐ½™Ｆｶﾞガ東京ーกี่ัកុំ한글각\u{1100}\u{1161}\u{11A8}हिन्दी\u{640}شُ’'-_ .🎉\u{AD}\u{200B}".chars().collect::<Vec<_>>());
    prop_oneof!["\\PC{0,20}", proptest::collection::vec(letters, 0..12).prop_map(String::from_iter),]
}

proptest! {
    #[test]
    fn folding_again_changes_nothing(text in texts()) {
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded);
    }

    #[test]
    fn a_folded_text_has_the_same_words(text in texts()) {
        let words = |text: &str| tokens(text).into_iter().map(|token| token.text).collect::<Vec<_>>();
        prop_assert_eq!(words(&fold(&text)), words(&text));
    }

    #[test]
    fn each_word_of_a_text_is_found_in_it_and_where_it_stands(text in texts()) {
        let mut words = Words::default();
        words.add(&text);
        for token in tokens(&text) {
            prop_assert!(!text[token.at.clone()].is_empty());
            // A sign may be more than one word: `½`.
            let asked = Word::asked(&text[token.at.clone()]);
            let word = asked.iter().find(|word| word.text == token.text).unwrap();
            prop_assert!(words.have(word));
            prop_assert!(NameFinder::of(word).finds(&fold(&text)));
            if let [word] = &asked[..] {
                prop_assert_eq!(token.hits(word, &text)[0].clone(), token.at.clone());
            }
        }
    }
}

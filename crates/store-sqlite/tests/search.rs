//! The index of words: what it finds, and that it heals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use domain::{ActivityId, OrgKey, Seq, Stamp};
use store::{Mark, Part, SearchIndex, Text, Word};
use store_sqlite::{SEARCH_FILE, SqliteSearch};
use tempfile::TempDir;

const ORG: OrgKey = OrgKey(1);
const OTHER: OrgKey = OrgKey(2);

fn mark(seq: u64) -> Mark {
    Mark { seq: Seq(seq), stamp: Stamp::from_millis(1_000 + i64::try_from(seq).unwrap()) }
}

fn text<'a>(subject: &'a str, note: &'a str) -> Option<Text<'a>> {
    Some(Text(vec![subject, note]))
}

/// An index that has come to position 3.
fn index(folder: &TempDir) -> SqliteSearch {
    let index = SqliteSearch::open(folder.path()).unwrap();
    let changed = [
        (ActivityId(30), text("Call Zoë O'Hara", "about the printer")),
        (ActivityId(4), text("Printers, twelve of them", "")),
        (ActivityId(200), text("Lunch", "call first; 100% \"sure\"")),
    ];
    index.put(ORG, mark(3), &changed).unwrap();
    index
}

fn word(text: &str, part: Part) -> Word {
    Word { text: text.to_owned(), part }
}

/// What is found for a single word, which may be only begun.
fn found(index: &SqliteSearch, text: &str) -> Vec<i64> {
    let [word] = &Word::asked(text)[..] else { panic!("one word: {text:?}") };
    let found = index.find(ORG, index.mark(ORG).unwrap().seq, word).unwrap();
    found.iter().map(|id| id.0).collect()
}

#[test]
fn a_word_is_found_whole_or_begun_without_case_and_accents() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(&folder);
    assert_eq!(found(&index, "call"), [30, 200]);
    assert_eq!(found(&index, "print"), [4, 30]);
    assert_eq!(found(&index, "ZOE"), [30]);
    assert_eq!(found(&index, "nothing"), [0; 0]);
    let whole = |text| index.find(ORG, Seq(3), &word(text, Part::Whole)).unwrap();
    assert_eq!(whole("printer"), [ActivityId(30)]);
    assert_eq!(whole("print"), []);
}

#[test]
fn any_text_is_words_and_no_word_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(&folder);
    for no_words in ["", "  ", "\"", "*", "%", "-- ;", "'\"'", "\u{301}", "(", "^", "🎉"] {
        assert_eq!(Word::asked(no_words), [], "{no_words:?}");
    }
    for strange in [
        "subject:call",
        "NEAR(call, 3)",
        "call AND",
        "OR",
        "NOT call",
        "a\"b",
        "{a b}:c",
        "call^2",
        "ⓐb",
        "x\u{ad}y",
        "ﬁ",
        "İ",
        "ß",
        "王小明",
        "a\u{301}\u{301}b",
        "\u{0}a",
        "1.5e3",
        "'; DROP TABLE mark; --",
    ] {
        let words = Word::asked(strange);
        assert!(!words.is_empty(), "{strange:?}");
        for word in words {
            let found = index.find(ORG, Seq(3), &word);
            assert!(found.is_ok(), "{word:?}: {found:?}");
        }
    }
    let texts = Word::asked("\"Sure\" (call) 100%").into_iter().map(|word| word.text);
    assert_eq!(texts.collect::<Vec<_>>(), ["sure", "call", "100"]);
}

/// An index with one activity for each text, from 1.
fn index_of(folder: &TempDir, texts: &[&str]) -> SqliteSearch {
    let index = SqliteSearch::open(folder.path()).unwrap();
    let ids = (1..).map(ActivityId);
    let changed: Vec<_> = ids.zip(texts).map(|(id, subject)| (id, text(subject, ""))).collect();
    index.put(ORG, mark(3), &changed).unwrap();
    index
}

#[test]
fn plain_letters_find_all_others_and_are_found_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = [
        ("Paweł", "pawel"),
        ("Økland", "okland"),
        ("Großmann", "grossmann"),
        ("Đorđe", "dorde"),
        ("Ħamrun", "hamrun"),
        ("Ŧ1", "t1"),
        ("Kadıköy", "kadikoy"),
        ("İzmir", "izmir"),
        ("Ærø", "aero"),
        ("Œuvre", "oeuvre"),
        ("Þórður", "thordur"),
        ("ĸujo", "kujo"),
        ("νησί", "ΝΗΣΙ"),
        ("Νικόλαος", "νικολαοσ"),
        ("ﬁnance", "finance"),
        ("Ｆｕｌｌ", "full"),
        ("Dvořák", "dvorak"),
        ("Nguyễn", "nguyen"),
        ("Ёлка", "елка"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("m²", "m2"),
        ("شُكْرًا", "شكرا"),
        ("a\u{301}bc", "ábc"),
    ];
    let (written, plain): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let texts = [&written[..], &plain[..]].concat();
    let index = index_of(&folder, &texts);
    for (id, (written, plain)) in (1..).zip(written.iter().zip(plain)) {
        let both = [id, id + 23];
        assert_eq!(found(&index, plain), both, "{plain}");
        assert_eq!(found(&index, written), both, "{written}");
        assert_eq!(found(&index, &written.to_uppercase()), both, "{written}");
    }
    for other in ["ろっく", "чай", "カラス", "дом"] {
        assert_eq!(found(&index, other), [0; 0], "{other}: no script stands for another");
    }
}

#[test]
fn what_is_written_without_blanks_is_found_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let index = index_of(
        &folder,
        &[
            "新東京商店",
            "京都 東",
            "ประชุมกับลูกค้า",
            "ກອງປະຊຸມ",
            "ការប្រជុំ",
            "iPhoneの修理",
            "서울에서 회의",
            "東京都京都",
        ],
    );
    for (word, expected) in [
        ("東京", &[1, 8][..]),
        ("東", &[1, 2, 8]),
        ("店", &[1]),
        ("京商店", &[1]),
        ("新東京商店", &[1]),
        ("東京商", &[1]),
        ("京都京", &[8]),
        ("東店", &[]),
        ("都東", &[]),
        ("ลูกค้า", &[3]),
        ("ประชุม", &[3]),
        ("กับ", &[3]),
        ("ค้า", &[3]),
        ("ปชุ", &[]),
        ("ປະຊຸມ", &[4]),
        ("ប្រជុំ", &[5]),
        ("iphone", &[6]),
        ("修理", &[6]),
        ("서울", &[7]),
        ("회의", &[7]),
    ] {
        assert_eq!(found(&index, word), expected, "{word}");
    }
    let common = index.common(ORG, 3).unwrap();
    assert!(common.contains(&word("東", Part::Within)), "{common:?}");
    index.put(ORG, mark(4), &[(ActivityId(1), text("大阪", "")), (ActivityId(8), None)]).unwrap();
    assert_eq!(found(&index, "東京"), [0; 0]);
    assert_eq!(found(&index, "大阪"), [1]);
    index.forget(ORG).unwrap();
    index.put(ORG, mark(4), &[(ActivityId(1), text("Call", ""))]).unwrap();
    assert_eq!(found(&index, "大阪"), [0; 0]);
}

#[test]
fn what_is_common_is_known_the_commonest_first() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(&folder);
    let common = |hits| index.common(ORG, hits).unwrap();
    let begun =
        ["p", "pr", "pri", "prin", "print", "printe", "printer"].map(|w| word(w, Part::Beginning));
    for common_one in
        begun.into_iter().chain([word("call", Part::Beginning), word("call", Part::Whole)])
    {
        assert!(common(2).contains(&common_one), "{common_one:?}");
    }
    assert!(!common(2).contains(&word("printer", Part::Whole)), "once, and once printers");
    assert!(common(1).contains(&word("printer", Part::Whole)));
    assert_eq!(common(3), [word("t", Part::Beginning)], "the, them, twelve");
    assert_eq!(index.common(OTHER, 1).unwrap(), []);
}

#[test]
fn it_follows_changes_and_removals() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(&folder);
    let changed = [(ActivityId(30), text("Letter", "")), (ActivityId(200), None)];
    index.put(ORG, mark(5), &changed).unwrap();
    assert_eq!(found(&index, "call"), [0; 0]);
    assert_eq!(found(&index, "letter"), [30]);
    index.put(ORG, mark(6), &[(ActivityId(200), text("Call", ""))]).unwrap();
    assert_eq!(found(&index, "call"), [200]);
    assert_eq!(index.mark(ORG).unwrap(), mark(6));
    index.find(ORG, Seq(5), &word("call", Part::Beginning)).unwrap_err();
    index.find(ORG, Seq(7), &word("call", Part::Beginning)).unwrap_err();
}

#[test]
fn organizations_are_apart() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(&folder);
    assert_eq!(index.mark(OTHER).unwrap(), Mark::START);
    assert_eq!(index.find(OTHER, Seq::ZERO, &word("call", Part::Beginning)).unwrap(), []);
    index.put(OTHER, mark(1), &[(ActivityId(30), text("Their call", ""))]).unwrap();
    let theirs = |words| index.find(OTHER, Seq(1), &word(words, Part::Beginning)).unwrap();
    assert_eq!(theirs("call"), [ActivityId(30)]);
    assert_eq!(theirs("printer"), []);
    index.forget(ORG).unwrap();
    assert_eq!(index.mark(ORG).unwrap(), Mark::START);
    assert_eq!(theirs("call"), [ActivityId(30)]);
}

#[test]
fn what_it_knew_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    drop(index(&folder));
    let index = SqliteSearch::open(folder.path()).unwrap();
    assert_eq!(index.mark(ORG).unwrap(), mark(3));
    assert_eq!(found(&index, "call"), [30, 200]);
}

#[test]
fn a_file_that_is_no_index_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SEARCH_FILE);
    let later = |path| {
        let database = rusqlite::Connection::open(path).unwrap();
        database.execute_batch("CREATE TABLE later (a); PRAGMA user_version = 99").unwrap();
    };
    let spoils: [&dyn Fn(); 3] = [
        &|| fs::write(&path, "no database at all, and longer than a header is".repeat(9)).unwrap(),
        &|| fs::write(&path, "").unwrap(),
        &|| {
            fs::remove_file(&path).unwrap();
            later(&path);
        },
    ];
    for spoil in spoils {
        drop(index(&folder));
        spoil();
        let index = SqliteSearch::open(folder.path()).unwrap();
        assert_eq!(index.mark(ORG).unwrap(), Mark::START);
        index.put(ORG, mark(1), &[(ActivityId(1), text("Call", ""))]).unwrap();
        assert_eq!(found(&index, "call"), [1]);
    }
}

#[test]
fn one_that_is_damaged_within_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    drop(index(&folder));
    let path = folder.path().join(SEARCH_FILE);
    let mut content = fs::read(&path).unwrap();
    content[4096..].fill(0xA5);
    fs::write(&path, content).unwrap();

    let index = SqliteSearch::open(folder.path()).unwrap();
    index.find(ORG, Seq(3), &word("call", Part::Beginning)).unwrap_err();
    assert_eq!(index.mark(ORG).unwrap(), Mark::START);
    index.put(ORG, mark(1), &[(ActivityId(1), text("Call", ""))]).unwrap();
    assert_eq!(found(&index, "call"), [1]);
}

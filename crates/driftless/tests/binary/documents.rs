//! The documents, held against the program: links, the map of the code, limits, metrics.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::Folder;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The documents in a folder, by their path below the root.
fn documents_in(folder: &str) -> impl Iterator<Item = String> {
    let names = fs::read_dir(root().join(folder)).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
        .map(move |name| format!("{folder}/{name}"))
}

/// All documents but the decisions, by their path below the root.
fn documents() -> Vec<String> {
    let mut documents: Vec<String> = documents_in("docs").collect();
    let others =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", DECISIONS_INDEX];
    documents.extend(others.map(str::to_owned));
    documents
}

/// The table of all decisions.
const DECISIONS_INDEX: &str = "docs/decisions/README.md";

/// The pages of the decisions, by their path below the root.
fn decisions() -> impl Iterator<Item = String> {
    documents_in("docs/decisions").filter(|path| *path != DECISIONS_INDEX)
}

/// The anchors that a document's headings have on code hosts.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// Where the links of a document lead.
fn links(document: &str) -> impl Iterator<Item = &str> {
    document.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut followed = 0;
    for from in documents().into_iter().chain(decisions()) {
        let document = text(&from);
        for link in links(&document).filter(|link| !link.starts_with("http")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = match path {
                "" => root().join(&from),
                path => root().join(&from).parent().unwrap().join(path),
            };
            assert!(to.exists(), "{from} links to {link}");
            if !anchor.is_empty() {
                let headings = anchors(&fs::read_to_string(&to).unwrap());
                assert!(headings.contains(anchor), "{from} links to {link}: {headings:?}");
            }
            followed += 1;
        }
    }
    assert!(followed > 50, "{followed} links");
}

#[test]
fn every_document_is_in_the_readmes_list() {
    let readme = text("README.md");
    let linked: BTreeSet<&str> = links(&readme).collect();
    for document in documents().iter().filter(|document| *document != "README.md") {
        assert!(linked.contains(document.as_str()), "{document}");
    }
    assert!(readme.lines().count() < 200, "the README is short");
}

/// The file that a document means: below the root, by its crate (`service/judge.rs`), or in the folder of the file
/// that was named before.
fn source(path: &str, folder: &Path) -> Option<PathBuf> {
    let (first, rest) = path.split_once('/').unwrap_or(("", path));
    let source = root().join("crates").join(first);
    let candidates =
        [root().join(path), source.join("src").join(rest), source.join(rest), folder.join(path)];
    candidates.into_iter().find(|path| path.exists())
}

/// What a document has between backticks.
fn quoted(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2)
}

#[test]
fn the_map_of_the_code_leads_to_files_that_exist() {
    let document = text("ARCHITECTURE.md");
    let map = document.split_once("| to find | look in |").unwrap().1.split_once("\n\n").unwrap().0;
    let mut folder = PathBuf::new();
    let mut found = 0;
    for row in map.lines() {
        for path in quoted(row) {
            if !path.contains(['/', '.']) || path.contains("::") {
                // A crate's name, before paths in it, or the name of a type.
                folder = root().join("crates").join(path).join("src");
                continue;
            }
            let there = source(path, &folder);
            let there = there.unwrap_or_else(|| panic!("there is no {path}: {row}"));
            folder = there.parent().unwrap().to_owned();
            found += 1;
        }
    }
    assert!(found > 80, "{found} paths");
}

#[test]
fn every_decision_is_in_the_index_and_says_where_it_is_in_the_code() {
    let index = text(DECISIONS_INDEX);
    let rows: Vec<&str> = index.lines().filter(|line| line.contains(".md)")).collect();
    let mut pages: Vec<String> = decisions().collect();
    pages.sort_unstable();
    assert_eq!(rows.len(), pages.len());
    for ((number, row), page) in (1..).zip(rows).zip(pages) {
        let (name, decision) = (page.trim_start_matches("docs/decisions/"), text(&page));
        let title = decision.lines().next().unwrap().trim_start_matches("# ");
        let (begins, title) = title.split_once(' ').unwrap();
        assert_eq!(begins, format!("{number:04}"), "{name}");
        assert!(row.ends_with(&format!("[{begins}]({name}) {title} |")), "{row}");
        let (_, place) = decision.split_once("**Where.**").unwrap_or_else(|| panic!("{name}"));
        let paths: Vec<&str> = quoted(place).filter(|path| path.contains('/')).collect();
        assert!(!paths.is_empty(), "{name}");
        for path in paths {
            assert!(source(path, Path::new("")).is_some(), "{name}: there is no {path}");
        }
    }
}

#[test]
fn what_contributing_names_exists() {
    let document = text("CONTRIBUTING.md");
    // Commands are within fences or have arguments, placeholders are in capitals.
    let prose: String = document.split("```").step_by(2).collect();
    let is_path = |path: &&str| path.contains('/') && !path.contains([' ', ':']);
    let paths: Vec<&str> = quoted(&prose)
        .filter(is_path)
        .filter(|path| !path.contains("NAME") && !path.starts_with('/'))
        .collect();
    assert!(paths.len() > 60, "{} paths", paths.len());
    for path in paths {
        assert!(source(path, Path::new("")).is_some(), "there is no {path}");
    }
}

/// All text of the Rust sources in a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false if path.extension().is_some_and(|extension| extension == "rs") => {
            fs::read_to_string(path).unwrap()
        }
        false => String::new(),
    };
    entries.map(text).collect()
}

#[test]
fn every_test_that_the_guarantees_name_exists() {
    let (document, sources) = (text("docs/guarantees.md"), sources(&root().join("crates")));
    let is_test = |name: &&str| {
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_name && name.matches('_').count() >= 2
    };
    let names: BTreeSet<&str> = quoted(&document).filter(is_test).collect();
    assert!(names.len() > 80, "{}", names.len());
    // The store's contract has them as macros.
    let is_missing = |name: &&&str| !sources.contains(&format!("fn {name}("));
    let missing: Vec<_> = names.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The rows of the limits: what, how much, and the source line that has it.
const LIMITS: [(&str, &str, &str, &str); 64] = [
    ("subject", "4,000 ", "domain/src/activity.rs", "SUBJECT_CHARS_MAX: usize = 4_000;"),
    ("note, or", "100,000 ", "domain/src/activity.rs", "NOTE_CHARS_MAX: usize = 100_000;"),
    ("custom field values", "500, ", "domain/src/activity.rs", "CUSTOM_FIELDS_MAX: usize = 500;"),
    ("custom field values", "1 MiB", "domain/src/activity.rs", "BYTES_MAX: usize = 1 << 20;"),
    ("names of people", "200 ", "domain/src/organization.rs", "NAME_CHARS_MAX: usize = 200;"),
    ("query", "60 KiB", "neon/src/lib.rs", "QUERY_BYTES_MAX: usize = 60 << 10;"),
    ("body", "2 MiB", "neon/src/lib.rs", "BODY_BYTES_MAX: usize = 2 << 20;"),
    ("parameters", "100,000", "neon/src/lib.rs", "PARAMETERS_MAX: usize = 100_000;"),
    (
        "bodies being received, with a",
        "64 MiB",
        "neon/src/lib.rs",
        "BODIES_BYTES_MAX: usize = 64 << 20;",
    ),
    (
        "bodies being received, without",
        "16 MiB",
        "neon/src/lib.rs",
        "STRANGERS_BODIES_BYTES_MAX: usize = 16 << 20;",
    ),
    (
        "bodies being received, with",
        "16 KiB",
        "neon/src/lib.rs",
        "BODY_BYTES_FREE: usize = 16 << 10;",
    ),
    (
        "answers and",
        "128 MiB",
        "service/src/limits/room.rs",
        "ANSWERS_BYTES_ALL_MAX: usize = 128 << 20;",
    ),
    (
        "answers and",
        "64 MiB",
        "service/src/limits/room.rs",
        "MAX: usize = ANSWERS_BYTES_ALL_MAX / 2;",
    ),
    ("answers and", "500 ms", "service/src/limits/room.rs", "ROOM_WAIT_MS_MAX: u64 = 500;"),
    ("answers and", "16 KiB", "neon/src/lib.rs", "ANSWER_BYTES_FREE: usize = 16 << 10;"),
    ("answers and", "16 KiB", "web/src/room.rs", "FREE_BYTES: usize = 16 << 10;"),
    ("records of a page", "1 MiB", "neon/src/json/long.rs", "WHOLE_BYTES_MAX: usize = 1 << 20;"),
    ("removed ids that", "500 ms", "service/src/limits/room.rs", "ROOM_WAIT_MS_MAX: u64 = 500;"),
    ("runs of several", "100,000 ", "service/src/runs/limits.rs", "KEY_MAX: usize = 100_000;"),
    ("runs of several", "24 hours", "service/src/runs/mod.rs", "RUN_HOURS_MAX: i64 = 24;"),
    ("runs of several", "30 minutes", "service/src/runs/limits.rs", "MINUTES_MIN: i64 = 30;"),
    ("runs of a single", "4,096 ", "service/src/runs/limits.rs", "KEY_MAX: usize = 4_096;"),
    ("writes that wait", "5,000 ", "service/src/commit/queue.rs", "LANE_MAX: usize = 5_000;"),
    ("parts of a range", "1,024 ", "domain/src/digest.rs", "DIGEST_PARTS_MAX: usize = 1_024;"),
    (
        "sessions,",
        "10,000",
        "service/src/folder/sessions.rs",
        "SESSIONS_PER_KEY_MAX: usize = 10_000;",
    ),
    ("time without use until a session", "30 ", "service/src/folder/sessions.rs", "MAX: i64 = 30;"),
    ("form |", "2 MiB", "web/src/lib.rs", "FORM_BYTES_MAX: usize = 2 << 20;"),
    ("form |", "50,000 ", "web/src/body.rs", "FIELDS_MAX: usize = 50_000;"),
    ("form that", "256 KiB", "web/src/interrupted_form.rs", "BYTES_MAX: usize = 256 << 10;"),
    ("forms being", "eight times", "web/src/body.rs", "MEMORY_TIMES: usize = 8;"),
    ("downloads", "4, ", "service/src/limits/mod.rs", "DOWNLOADS_PER_ORG_MAX: usize = 4;"),
    ("downloads", "32 MiB", "service/src/limits/mod.rs", "DOWNLOADS_BYTES_MAX: usize = 32 << 20;"),
    ("forms of people", "16 MiB", "web/src/body.rs", "BUDGET_BYTES: usize = 16 << 20;"),
    ("forms of people", "16 KiB", "web/src/body.rs", "FREE_BYTES: usize = 16 << 10;"),
    ("time without use until a person", "12 ", "service/src/folder/sessions.rs", "MAX: i64 = 12;"),
    (
        "time without use until a person",
        "14 ",
        "service/src/folder/sessions.rs",
        "IDLE_DAYS_MAX: i64 = 14;",
    ),
    (
        "time since a person",
        "30 days",
        "service/src/folder/sessions.rs",
        "SESSION_DAYS_MAX: i64 = 30;",
    ),
    ("names that a browser", "8", "service/src/gate/devices.rs", "NAMES_MAX: usize = 8;"),
    ("passwords checked", "2, ", "service/src/gate/hashing.rs", "HASHING_MAX: usize = 2;"),
    ("passwords that wait", "40 of", "service/src/gate/hashing.rs", "WAITING_MAX: usize = 40;"),
    ("entries of the audit", "400 days", "service/src/admin/audit.rs", "DAYS_MAX: i64 = 400;"),
    ("entries of the audit", "1,000,000", "service/src/admin/audit.rs", "MAX: u64 = 1_000_000;"),
    (
        "refused sign-ins",
        "20 ",
        "service/src/directory/audit_log/repeated.rs",
        "TOLD_APART_MAX: usize = 20;",
    ),
    (
        "refused sign-ins",
        "an hour",
        "service/src/directory/audit_log/repeated.rs",
        "MS: i64 = 60 * 60_000;",
    ),
    (
        "addresses of a key",
        "10 ",
        "service/src/directory/audit_log/repeated.rs",
        "ADDRESSES_MAX: usize = 10;",
    ),
    ("failed sign-ins", "10 for", "service/src/gate/throttle.rs", "BY_NAME_MAX: u32 = 10;"),
    ("failed sign-ins", "200 from", "service/src/gate/throttle.rs", "BY_PLACE_MAX: u32 = 200;"),
    (
        "failed sign-ins",
        "15 minutes",
        "service/src/gate/throttle.rs",
        "SPAN_MS: i64 = 15 * 60_000;",
    ),
    (
        "pages watching",
        "100",
        "service/src/limits/followers.rs",
        "FOLLOWERS_PER_ORG_MAX: usize = 100;",
    ),
    (
        "pages watching",
        "12",
        "service/src/limits/followers.rs",
        "FOLLOWERS_PER_PERSON_MAX: usize = 12;",
    ),
    ("page size", "200", "driftless/src/cli/serve.rs", "page_size_max: 200,"),
    ("requests of one", "256", "driftless/src/cli/serve.rs", "requests_max: 256,"),
    ("connections |", "4,096", "edge/src/lib.rs", "CONNECTIONS_MAX: u32 = 4_096;"),
    ("connections from", "an eighth", "edge/src/lib.rs", "ADDRESS_SHARE: usize = 8;"),
    ("connections waiting", "1,024", "driftless/src/address.rs", "WAITING_MAX: u32 = 1_024;"),
    ("headers longer", "16 KiB", "edge/src/wire.rs", "HEAD_BYTES_FREE: usize = 16 << 10;"),
    ("headers longer", "16 MiB", "edge/src/places.rs", "HEADS_BYTES_MAX: usize = 16 << 20;"),
    ("headers of", "128 KiB", "edge/src/connection.rs", "BYTES_MAX: usize = 128 * 1024;"),
    ("time to receive", "15 s", "edge/src/lib.rs", "HEADER_READ_SECONDS_MAX: u64 = 15;"),
    ("time without progress", "60 s", "edge/src/lib.rs", "STALL_SECONDS_MAX: u64 = 60;"),
    ("idle time", "75 s", "edge/src/lib.rs", "IDLE_SECONDS_MAX: u64 = 75;"),
    ("SQLite", "16 MiB", "store-sqlite/src/open.rs", "WRITER_CACHE_KIB: i32 = 16 * 1024;"),
    ("SQLite", "16 readers", "store-sqlite/src/lib.rs", "IDLE_READERS_MAX: usize = 16;"),
    ("the search index", "8 readers", "store-sqlite/src/search.rs", "READERS_MAX: usize = 8;"),
];

#[test]
fn the_limits_in_the_documents_are_those_of_the_code() {
    let limits = text("docs/limits.md");
    for (what, limit, file, constant) in LIMITS {
        let mut rows = limits.lines().filter(|line| line.starts_with(&format!("| {what}")));
        assert!(rows.any(|row| row.contains(limit)), "no row {what:?} with {limit:?}");
        assert!(text(&format!("crates/{file}")).contains(constant), "{file}: {constant}");
    }
    let rows = limits.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    for row in rows.filter(|row| !row.starts_with("| ---")) {
        let is_held = LIMITS.iter().any(|(what, ..)| row.starts_with(&format!("| {what}")));
        let follows_from_others =
            ["| times", "| texts", "| failed setup", "| pages that are", "| a connection |"];
        assert!(is_held || follows_from_others.iter().any(|begin| row.starts_with(begin)), "{row}");
    }
}

#[test]
fn the_metrics_of_keys_in_the_documents_are_those_that_are_served() {
    let document = text("docs/monitoring.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `driftless_key_"));
    let told: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    let metrics = server.get("/metrics").body;
    let heads = metrics.lines().filter_map(|line| line.strip_prefix("# HELP driftless_key_"));
    let served: BTreeSet<&str> = heads.filter_map(|head| head.split(' ').next()).collect();
    assert_eq!(told, served);
    server.stop();
}

#[test]
fn the_metrics_of_a_mirror_in_the_documents_are_those_that_are_served() {
    let document = text("docs/monitoring.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `driftless_mirror_"));
    let told: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let source = text("crates/driftless/src/mirror/metrics.rs");
    let names = source.split("\"driftless_mirror_").skip(1);
    let served: BTreeSet<&str> = names.filter_map(|name| name.split('"').next()).collect();
    assert_eq!(told, served);
}
